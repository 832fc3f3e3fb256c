import type { ExcalidrawElement } from "@excalidraw/excalidraw/element/types";
import { describe, expect, it } from "vitest";
import * as Y from "yjs";
import { Agreed, beats, inParts, isTooLarge, readElements } from "./elements";

function element(id: string, part: Record<string, unknown> = {}): ExcalidrawElement {
  const base = { id, type: "rectangle", x: 0, y: 0, width: 10, height: 10, angle: 0 };
  return { ...base, version: 1, versionNonce: 7, isDeleted: false, ...part } as never;
}

describe("which state of an element is the later one", () => {
  it("is the one of the higher version", () => {
    expect(beats({ version: 3, versionNonce: 9 }, { version: 2, versionNonce: 1 })).toBe(true);
    expect(beats({ version: 2, versionNonce: 1 }, { version: 3, versionNonce: 9 })).toBe(false);
  });

  it("is the one of the lower nonce where the versions are equal, so that both sides agree", () => {
    const [a, b] = [
      { version: 2, versionNonce: 1 },
      { version: 2, versionNonce: 9 },
    ];
    expect([beats(a, b), beats(b, a), beats(a, a)]).toEqual([true, false, false]);
  });

  it("is any where there was none", () => {
    expect(beats({ version: 1, versionNonce: 1 }, undefined)).toBe(true);
  });
});

describe("what the document holds", () => {
  it("is read as copies of what can be drawn", () => {
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

describe("agreement of scene and document", () => {
  it("tells what was changed here", () => {
    const map = new Y.Doc().getMap("elements:1");
    const agreed = new Agreed();
    const old = element("a");
    map.set("a", old);
    agreed.note([old]);
    const moved = element("a", { version: 2, versionNonce: 3 });
    expect(agreed.changed([old, element("b")], map).map(({ id }) => id)).toEqual(["b"]);
    expect(agreed.changed([moved], map)).toEqual([moved]);
  });

  it("does not send what the document has gone past", () => {
    const map = new Y.Doc().getMap("elements:1");
    map.set("a", element("a", { version: 9 }));
    expect(new Agreed().changed([element("a", { version: 4 })], map)).toEqual([]);
  });

  it("does not undo a step back in the history, which lowers the version", () => {
    const map = new Y.Doc().getMap("elements:1");
    const agreed = new Agreed();
    const shown = element("a", { version: 9 });
    agreed.note([shown]);
    map.set("a", element("a", { version: 2 }));
    expect(agreed.holds(shown)).toBe(true);
    expect(agreed.changed([shown], map)).toEqual([]);
  });
});

it("cuts a large paste into parts that fit, and leaves out nothing", () => {
  const text = "Щедрик, щедрик, щедрівочка".repeat(10);
  const many = Array.from({ length: 100 }, (_, at) => element(`e${at}`, { type: "text", text }));
  const parts = inParts(many, 8000);
  expect(parts.flat()).toEqual(many);
  const doc = new Y.Doc();
  const sent: number[] = [];
  doc.on("update", (update: Uint8Array) => sent.push(update.byteLength));
  for (const part of parts) {
    doc.transact(() => {
      for (const made of part) doc.getMap("elements:1").set(made.id, made);
    });
  }
  expect(sent.length).toBeGreaterThan(5);
  expect(Math.max(...sent)).toBeLessThan(9500);
  expect(inParts([], 8000)).toEqual([]);
});

it("tells what nobody else would be shown", () => {
  expect(isTooLarge(element("a"))).toBe(false);
  expect(isTooLarge(element("a", { width: 1e9 }))).toBe(true);
});

it("tells what no frame could hold", () => {
  const stroke = (count: number) =>
    element("a", {
      type: "freedraw",
      points: Array.from({ length: count }, (_, at) => [at / 7, 0.5]),
    });
  expect(isTooLarge(stroke(10_000))).toBe(false);
  expect(isTooLarge(stroke(40_000))).toBe(true);
});
