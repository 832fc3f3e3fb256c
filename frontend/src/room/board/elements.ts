import type { ExcalidrawElement } from "@excalidraw/excalidraw/element/types";
import * as encoding from "lib0/encoding";
import type * as Y from "yjs";
import { BOARD_FRAME_LIMIT } from "../protocol";
import { parseElement } from "./element-schema";

/** What decides which of two states of an element is the later one. */
export interface Stamp {
  version: number;
  versionNonce: number;
}

/** One element is never cut, so it must fit into a frame by itself. */
const LARGEST = BOARD_FRAME_LIMIT / 2;
/** Excalidraw's own rule: the higher version; of two equal ones the lower nonce. */
export function beats(a: Stamp, b: Stamp | undefined): boolean {
  if (!b || a.version > b.version) return true;
  return a.version === b.version && a.versionNonce < b.versionNonce;
}

/** Drawable elements of a page, as copies: Excalidraw changes its elements in place. */
export function readElements(map: Y.Map<unknown>, ids?: Iterable<string>): ExcalidrawElement[] {
  const found: ExcalidrawElement[] = [];
  for (const id of ids ?? map.keys()) {
    const element = parseElement(id, map.get(id));
    if (element) found.push({ ...element });
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
      return beats(element, parseElement(element.id, map.get(element.id)) ?? undefined);
    });
  }
}

/** In bytes, as the document holds it. */
function sizeOf(element: ExcalidrawElement): number {
  return encoding.encode((encoder) =>
    encoding.writeAny(encoder, element as unknown as encoding.AnyEncodable),
  ).byteLength;
}

/** A copy with nothing in it but what is read from the document. */
export function asRead(element: ExcalidrawElement): ExcalidrawElement {
  const copy = { ...element };
  return parseElement(element.id, copy) ?? copy;
}

/** For a frame, or for those who read it: what is out of bounds is shown to nobody else. */
export function isTooLarge(element: ExcalidrawElement): boolean {
  return sizeOf(element) > LARGEST || parseElement(element.id, { ...element }) === null;
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
