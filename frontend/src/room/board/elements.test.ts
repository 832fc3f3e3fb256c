import type { ExcalidrawElement } from "@excalidraw/excalidraw/element/types";
import { describe, expect, it } from "vitest";
import * as Y from "yjs";
import { isNewer, isTooLarge, readElements, SyncedVersions, splitIntoBatches } from "./elements";

function element(id: string, part: Record<string, unknown> = {}): ExcalidrawElement {
  const base = { id, type: "rectangle", x: 0, y: 0, width: 10, height: 10, angle: 0 };
  return { ...base, version: 1, versionNonce: 7, isDeleted: false, ...part } as never;
}

describe("newer state of an element", () => {
  it("is the one with the higher version", () => {
    expect(isNewer({ version: 3, versionNonce: 9 }, { version: 2, versionNonce: 1 })).toBe(true);
    expect(isNewer({ version: 2, versionNonce: 1 }, { version: 3, versionNonce: 9 })).toBe(false);
  });

  it("is the one with the lower nonce for equal versions, on both sides", () => {
    const [a, b] = [
      { version: 2, versionNonce: 1 },
      { version: 2, versionNonce: 9 },
    ];
    expect([isNewer(a, b), isNewer(b, a), isNewer(a, a)]).toEqual([true, false, false]);
  });

  it("is any state when there was none", () => {
    expect(isNewer({ version: 1, versionNonce: 1 }, undefined)).toBe(true);
  });
});

describe("elements of the document", () => {
  it("are read as copies of the valid ones", () => {
    const map = new Y.Doc().getMap("elements:1");
    map.set("a", element("a"));
    map.set("b", "nonsense");
    const [read, ...others] = readElements(map);
    expect(others).toEqual([]);
    expect(read).toMatchObject(map.get("a") as object);
    const [again] = readElements(map);
    expect(again).toEqual(read);
    expect(again).not.toBe(read);
  });
});

describe("synced versions", () => {
  it("find local changes", () => {
    const map = new Y.Doc().getMap("elements:1");
    const synced = new SyncedVersions();
    const old = element("a");
    map.set("a", old);
    synced.record([old]);
    const moved = element("a", { version: 2, versionNonce: 3 });
    expect(synced.changed([old, element("b")], map).map(({ id }) => id)).toEqual(["b"]);
    expect(synced.changed([moved], map)).toEqual([moved]);
  });

  it("exclude local changes older than the document", () => {
    const map = new Y.Doc().getMap("elements:1");
    map.set("a", element("a", { version: 9 }));
    expect(new SyncedVersions().changed([element("a", { version: 4 })], map)).toEqual([]);
  });

  it("keep a restored history state, which lowers the version", () => {
    const map = new Y.Doc().getMap("elements:1");
    const synced = new SyncedVersions();
    const shown = element("a", { version: 9 });
    synced.record([shown]);
    map.set("a", element("a", { version: 2 }));
    expect(synced.isUnchanged(shown)).toBe(true);
    expect(synced.changed([shown], map)).toEqual([]);
  });
});

it("splits a large paste into batches that fit, without losing elements", () => {
  const text = "Щедрик, щедрик, щедрівочка".repeat(10);
  const many = Array.from({ length: 100 }, (_, at) => element(`e${at}`, { type: "text", text }));
  const batches = splitIntoBatches(many, 8000);
  expect(batches.flat()).toEqual(many);
  const doc = new Y.Doc();
  const sent: number[] = [];
  doc.on("update", (update: Uint8Array) => sent.push(update.byteLength));
  for (const part of batches) {
    doc.transact(() => {
      for (const made of part) doc.getMap("elements:1").set(made.id, made);
    });
  }
  expect(sent.length).toBeGreaterThan(5);
  expect(Math.max(...sent)).toBeLessThan(9500);
  expect(splitIntoBatches([], 8000)).toEqual([]);
});

it("detects elements outside the schema's bounds", () => {
  expect(isTooLarge(element("a"))).toBe(false);
  expect(isTooLarge(element("a", { width: 1e9 }))).toBe(true);
});

it("detects elements larger than a frame", () => {
  const stroke = (count: number) =>
    element("a", {
      type: "freedraw",
      points: Array.from({ length: count }, (_, at) => [at / 7, 0.5]),
    });
  expect(isTooLarge(stroke(10_000))).toBe(false);
  expect(isTooLarge(stroke(40_000))).toBe(true);
});
