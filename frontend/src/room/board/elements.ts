import type { ExcalidrawElement } from "@excalidraw/excalidraw/element/types";
import * as encoding from "lib0/encoding";
import type * as Y from "yjs";
import { BOARD_FRAME_LIMIT } from "../protocol";

/** What decides which of two states of an element is the later one. */
export interface Stamp {
  version: number;
  versionNonce: number;
}

const TYPES: ReadonlySet<string> = new Set([
  "rectangle",
  "diamond",
  "ellipse",
  "arrow",
  "line",
  "freedraw",
  "text",
  "image",
  "frame",
  "magicframe",
]);
/** One element is never cut, so it must fit into a frame by itself. */
const LARGEST = BOARD_FRAME_LIMIT / 2;
const NUMBERS = ["x", "y", "width", "height", "angle", "version", "versionNonce"] as const;
/** Further out Excalidraw's own arithmetic loses its way. */
const FAR = 1e7;

/** Excalidraw's own rule: the higher version; of two equal ones the lower nonce. */
export function beats(a: Stamp, b: Stamp | undefined): boolean {
  if (!b || a.version > b.version) return true;
  return a.version === b.version && a.versionNonce < b.versionNonce;
}

function isNumber(value: unknown): value is number {
  return typeof value === "number" && Number.isFinite(value) && Math.abs(value) < 2 ** 53;
}

function isPoint(value: unknown): boolean {
  return Array.isArray(value) && value.length >= 2 && isNumber(value[0]) && isNumber(value[1]);
}

/**
 * Whether Excalidraw can draw it. The document holds what any member or guest wrote, and one bad
 * element would break the board of everybody.
 */
export function isDrawable(id: string, value: unknown): value is ExcalidrawElement {
  if (typeof value !== "object" || value === null) return false;
  const element = value as Record<string, unknown>;
  if (element.id !== id || !TYPES.has(String(element.type))) return false;
  if (!NUMBERS.every((key) => isNumber(element[key]))) return false;
  if (Math.abs(element.x as number) > FAR || Math.abs(element.y as number) > FAR) return false;
  if (["arrow", "line", "freedraw"].includes(String(element.type))) {
    return Array.isArray(element.points) && element.points.every(isPoint);
  }
  if (element.type === "text") return typeof element.text === "string";
  return true;
}

/** Drawable elements of a page, as copies: Excalidraw changes its elements in place. */
export function readElements(map: Y.Map<unknown>, ids?: Iterable<string>): ExcalidrawElement[] {
  const found: ExcalidrawElement[] = [];
  for (const id of ids ?? map.keys()) {
    const value = map.get(id);
    if (isDrawable(id, value)) found.push({ ...value });
  }
  return found;
}

/** The states of elements on which the scene and the document last agreed. */
export class Agreed {
  #stamps = new Map<string, Stamp>();

  note(elements: readonly ExcalidrawElement[]): void {
    for (const { id, version, versionNonce } of elements) {
      this.#stamps.set(id, { version, versionNonce });
    }
  }

  /** Whether nothing was done to it here since. */
  holds(element: ExcalidrawElement): boolean {
    const stamp = this.#stamps.get(element.id);
    return stamp?.version === element.version && stamp.versionNonce === element.versionNonce;
  }

  /** Those that were changed here and whose state is later than the document's. */
  changed(elements: readonly ExcalidrawElement[], map: Y.Map<unknown>): ExcalidrawElement[] {
    return elements.filter((element) => {
      if (this.holds(element)) return false;
      const known = map.get(element.id);
      return beats(element, isDrawable(element.id, known) ? known : undefined);
    });
  }
}

/** In bytes, as the document holds it. */
function sizeOf(element: ExcalidrawElement): number {
  return encoding.encode((encoder) =>
    encoding.writeAny(encoder, element as unknown as encoding.AnyEncodable),
  ).byteLength;
}

export function isTooLarge(element: ExcalidrawElement): boolean {
  return sizeOf(element) > LARGEST;
}

export function weigh(elements: readonly ExcalidrawElement[]): number {
  return elements.reduce((sum, element) => sum + sizeOf(element), 0);
}

/** Parts of at most about `limit` bytes, so that a large paste is no frame too large to send. */
export function inParts(
  elements: readonly ExcalidrawElement[],
  limit: number,
): ExcalidrawElement[][] {
  const parts: ExcalidrawElement[][] = [];
  let room = 0;
  for (const element of elements) {
    const size = sizeOf(element);
    if (!parts.length || size > room) {
      parts.push([]);
      room = limit;
    }
    parts.at(-1)?.push(element);
    room -= size;
  }
  return parts;
}
