import type { Collaborator, SocketId } from "@excalidraw/excalidraw/types";
import type { Awareness } from "y-protocols/awareness";
import { isId, isNumber, isObject, text } from "./readers";
import type { Box } from "./view";

/** Selected elements beyond this number are neither sent nor shown, to bound the presence size. */
export const MAX_SELECTED = 100;
const MAX_COORDINATE = 1e7;
const MAX_NAME_LENGTH = 80;
const MAX_PERSON_LENGTH = 50;

/**
 * A client's awareness state, removed when it disconnects. The server overwrites name, person and
 * role, so those cannot be forged.
 */
export interface Presence {
  name: string;
  person: string;
  role: string;
  page: string;
  pointer: { x: number; y: number; tool: "pointer" | "laser" } | null;
  button: "up" | "down";
  selected: Record<string, true>;
  /** The part of the page that the tutor sees, in scene units; null for everybody else. */
  view: Box | null;
  /** How often the tutor has brought everybody to their view. */
  gathered: number;
}

const CURSOR_COLOURS = [
  "#1971c2",
  "#c2255c",
  "#2f9e44",
  "#e8590c",
  "#6741d9",
  "#0c8599",
  "#a61e4d",
];

/** The cursor colour of a person, the same on every client. */
function colourOf(person: string): string {
  let hash = 0;
  for (const char of person) hash = (hash * 31 + (char.codePointAt(0) ?? 0)) >>> 0;
  return CURSOR_COLOURS[hash % CURSOR_COLOURS.length] ?? "#1971c2";
}

/** Parses an awareness state from untrusted input; null when it is not a valid presence. */
export function parsePresence(value: unknown): Presence | null {
  if (!isObject(value) || typeof value.name !== "string" || !isId(value.page)) return null;
  return {
    name: cleanName(value.name),
    person: text(MAX_PERSON_LENGTH)(value.person),
    role: text(MAX_PERSON_LENGTH)(value.role),
    page: value.page,
    pointer: parsePointer(value.pointer),
    button: value.button === "down" ? "down" : "up",
    selected: parseSelection(value.selected),
    view: parseView(value.view),
    gathered: isNumber(value.gathered, 0, MAX_COORDINATE) ? value.gathered : 0,
  };
}

/** Removes control and bidi characters, since the name is drawn on the canvas in one line. */
function cleanName(name: string): string {
  return text(MAX_NAME_LENGTH)(name.replace(/(?!\u200d)[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, ""));
}

function parsePointer(value: unknown): Presence["pointer"] {
  if (!isObject(value)) return null;
  const { x, y, tool } = value;
  if (
    !isNumber(x, -MAX_COORDINATE, MAX_COORDINATE) ||
    !isNumber(y, -MAX_COORDINATE, MAX_COORDINATE)
  )
    return null;
  return { x, y, tool: tool === "laser" ? "laser" : "pointer" };
}

function parseView(value: unknown): Box | null {
  if (!Array.isArray(value) || value.length !== 4) return null;
  const isValid = value.every((side) => isNumber(side, -MAX_COORDINATE, MAX_COORDINATE));
  const [left, top, right, bottom] = value as unknown as Box;
  return isValid && left < right && top < bottom ? [left, top, right, bottom] : null;
}

function parseSelection(value: unknown): Record<string, true> {
  const ids = isObject(value) ? Object.keys(value).filter(isId).slice(0, MAX_SELECTED) : [];
  return Object.fromEntries(ids.map((id) => [id, true as const]));
}

/** The other clients on the same page, as Excalidraw collaborators. */
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
