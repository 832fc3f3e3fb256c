import type { Collaborator, SocketId } from "@excalidraw/excalidraw/types";
import type { Awareness } from "y-protocols/awareness";

/** What each client says of itself to the others; gone with its connection. */
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

export function isPresence(value: unknown): value is Presence {
  if (typeof value !== "object" || value === null) return false;
  const presence = value as Record<string, unknown>;
  return typeof presence.name === "string" && typeof presence.page === "string";
}

function isAt(value: unknown): value is { x: number; y: number; tool: "pointer" | "laser" } {
  if (typeof value !== "object" || value === null) return false;
  const { x, y } = value as Record<string, unknown>;
  return Number.isFinite(x) && Number.isFinite(y);
}

/** Cursors of the others who look at the same page, as Excalidraw wants them. */
export function collaboratorsOf(awareness: Awareness, page: string): Map<SocketId, Collaborator> {
  const found = new Map<SocketId, Collaborator>();
  for (const [client, value] of awareness.getStates()) {
    if (client === awareness.clientID || !isPresence(value) || value.page !== page) continue;
    const colour = colourOf(value.person);
    const collaborator: Collaborator = {
      username: value.name.slice(0, 60),
      color: { background: colour, stroke: colour },
      button: value.button === "down" ? "down" : "up",
      selectedElementIds: value.selected ?? {},
      ...(isAt(value.pointer) ? { pointer: value.pointer } : {}),
    };
    found.set(String(client) as SocketId, collaborator);
  }
  return found;
}

/** The page at which the tutor looks, if the tutor's board is open. */
export function tutorsPage(awareness: Awareness): string | null {
  for (const [client, value] of awareness.getStates()) {
    if (client === awareness.clientID || !isPresence(value)) continue;
    if (value.role === "tutor") return value.page;
  }
  return null;
}
