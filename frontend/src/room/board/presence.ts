import type { Collaborator, SocketId } from "@excalidraw/excalidraw/types";
import type { Awareness } from "y-protocols/awareness";
import { isId, isNumber, isObject, text } from "./readers";

/** More of what others have selected is not shown, nor said of oneself: what is said has a limit. */
export const MOST_SELECTED = 100;
const FAR = 1e7;
const LONGEST_NAME = 60;
const LONGEST_PERSON = 50;

/**
 * What each client says of itself to the others; gone with its connection. Name, person and role
 * are the server's word: it writes them over whatever a client said.
 */
export interface Presence {
  name: string;
  person: string;
  role: string;
  page: string;
  pointer: { x: number; y: number; tool: "pointer" | "laser" } | null;
  button: "up" | "down";
  selected: Record<string, true>;
}

const COLOURS = ["#1971c2", "#c2255c", "#2f9e44", "#e8590c", "#6741d9", "#0c8599", "#a61e4d"];

/** The same person has the same colour for everybody. */
export function colourOf(person: string): string {
  let hash = 0;
  for (const char of person) hash = (hash * 31 + (char.codePointAt(0) ?? 0)) >>> 0;
  return COLOURS[hash % COLOURS.length] ?? "#1971c2";
}

/** Of what an awareness state says; null where it is no state of ours. Every value is a stranger's. */
export function parsePresence(value: unknown): Presence | null {
  if (!isObject(value) || typeof value.name !== "string" || !isId(value.page)) return null;
  return {
    name: visible(value.name),
    person: text(LONGEST_PERSON)(value.person),
    role: text(LONGEST_PERSON)(value.role),
    page: value.page,
    pointer: parsePointer(value.pointer),
    button: value.button === "down" ? "down" : "up",
    selected: parseSelection(value.selected),
  };
}

/** On a canvas a name stands in one line, and may not turn what stands beside it. */
function visible(name: string): string {
  return text(LONGEST_NAME)(name.replace(/(?!\u200d)[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, ""));
}

function parsePointer(value: unknown): Presence["pointer"] {
  if (!isObject(value)) return null;
  const { x, y, tool } = value;
  if (!isNumber(x, -FAR, FAR) || !isNumber(y, -FAR, FAR)) return null;
  return { x, y, tool: tool === "laser" ? "laser" : "pointer" };
}

function parseSelection(value: unknown): Record<string, true> {
  const ids = isObject(value) ? Object.keys(value).filter(isId).slice(0, MOST_SELECTED) : [];
  return Object.fromEntries(ids.map((id) => [id, true as const]));
}

/** Cursors of the others who look at the same page, as Excalidraw wants them. */
export function collaboratorsOf(awareness: Awareness, page: string): Map<SocketId, Collaborator> {
  const found = new Map<SocketId, Collaborator>();
  for (const [client, value] of awareness.getStates()) {
    const presence = client === awareness.clientID ? null : parsePresence(value);
    if (presence?.page !== page) continue;
    const colour = colourOf(presence.person);
    const collaborator: Collaborator = {
      username: presence.name,
      color: { background: colour, stroke: colour },
      button: presence.button,
      selectedElementIds: presence.selected,
      ...(presence.pointer ? { pointer: presence.pointer } : {}),
    };
    found.set(String(client) as SocketId, collaborator);
  }
  return found;
}

/** The page at which the tutor looks, if the tutor's board is open. */
export function tutorsPage(awareness: Awareness): string | null {
  for (const [client, value] of awareness.getStates()) {
    const presence = client === awareness.clientID ? null : parsePresence(value);
    if (presence?.role === "tutor") return presence.page;
  }
  return null;
}
