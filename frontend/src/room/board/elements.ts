import type { ExcalidrawElement } from "@excalidraw/excalidraw/element/types";
import * as encoding from "lib0/encoding";
import type * as Y from "yjs";
import { MAX_BOARD_FRAME_BYTES } from "../protocol";
import { parseElement } from "./element-schema";

/** The properties that order two states of an element. */
export interface ElementVersion {
  version: number;
  versionNonce: number;
}

/** In bytes; an element is never split, so it must fit into one frame. */
const MAX_ELEMENT_BYTES = MAX_BOARD_FRAME_BYTES / 2;

/** Excalidraw's reconciliation rule: the higher version wins, then the lower nonce. */
export function isNewer(a: ElementVersion, b: ElementVersion | undefined): boolean {
  if (!b || a.version > b.version) return true;
  return a.version === b.version && a.versionNonce < b.versionNonce;
}

/** Valid elements of a page, as copies because Excalidraw mutates elements in place. */
export function readElements(map: Y.Map<unknown>, ids?: Iterable<string>): ExcalidrawElement[] {
  const found: ExcalidrawElement[] = [];
  for (const id of ids ?? map.keys()) {
    const element = parseElement(id, map.get(id));
    if (element) found.push({ ...element });
  }
  return found;
}

/** The element versions that the scene and the document last had in common. */
export class SyncedVersions {
  #versions = new Map<string, ElementVersion>();

  record(elements: readonly ExcalidrawElement[]): void {
    for (const { id, version, versionNonce } of elements) {
      this.#versions.set(id, { version, versionNonce });
    }
  }

  /** Whether the element has no local change since. */
  isUnchanged(element: ExcalidrawElement): boolean {
    const synced = this.#versions.get(element.id);
    return synced?.version === element.version && synced.versionNonce === element.versionNonce;
  }

  /** The elements that were changed locally and are newer than the document's. */
  changed(elements: readonly ExcalidrawElement[], map: Y.Map<unknown>): ExcalidrawElement[] {
    return elements.filter((element) => {
      if (this.isUnchanged(element)) return false;
      return isNewer(element, parseElement(element.id, map.get(element.id)) ?? undefined);
    });
  }
}

/** Encoded size in the document, in bytes. */
function sizeOf(element: ExcalidrawElement): number {
  return encoding.encode((encoder) =>
    encoding.writeAny(encoder, element as unknown as encoding.AnyEncodable),
  ).byteLength;
}

/** A copy with only the properties that other clients read from the document. */
export function normaliseElement(element: ExcalidrawElement): ExcalidrawElement {
  const copy = { ...element };
  return parseElement(element.id, copy) ?? copy;
}

/** Whether the element exceeds a frame or the schema's bounds, so that others would not see it. */
export function isTooLarge(element: ExcalidrawElement): boolean {
  return sizeOf(element) > MAX_ELEMENT_BYTES || parseElement(element.id, { ...element }) === null;
}

export function totalSize(elements: readonly ExcalidrawElement[]): number {
  return elements.reduce((sum, element) => sum + sizeOf(element), 0);
}

/** Batches of about `limit` bytes, so that a large paste does not exceed the frame limit. */
export function splitIntoBatches(
  elements: readonly ExcalidrawElement[],
  limit: number,
): ExcalidrawElement[][] {
  const batches: ExcalidrawElement[][] = [];
  let room = 0;
  for (const element of elements) {
    const size = sizeOf(element);
    if (!batches.length || size > room) {
      batches.push([]);
      room = limit;
    }
    batches.at(-1)?.push(element);
    room -= size;
  }
  return batches;
}
