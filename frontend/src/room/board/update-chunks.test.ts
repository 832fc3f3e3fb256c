import { expect, it } from "vitest";
import * as Y from "yjs";
import { splitUpdate } from "./update-chunks";

const LIMIT = 4096;

function change(doc: Y.Doc, count: number, name: string): void {
  const map = doc.getMap("elements:1");
  for (let at = 0; at < count; at += 1) map.set(`${name}${at % 50}`, { at, text: "x".repeat(90) });
}

function merge(docs: Y.Doc[]): Y.Doc {
  const whole = new Y.Doc();
  for (const doc of docs) Y.applyUpdate(whole, Y.encodeStateAsUpdate(doc));
  return whole;
}

function applyAll(chunks: Uint8Array[]): Y.Doc {
  const doc = new Y.Doc();
  for (const chunk of chunks) Y.applyUpdate(doc, chunk);
  return doc;
}

it("returns a small update unchanged", () => {
  const update = Y.encodeStateAsUpdate(new Y.Doc());
  expect(splitUpdate(update, LIMIT)).toEqual([update]);
});

it("splits the changes and deletions of several clients without loss", () => {
  const docs = [new Y.Doc(), new Y.Doc()];
  docs.forEach((doc, number) => {
    change(doc, 300, `of ${number}, `);
    doc.getMap("pages").set(`${number}`, new Y.Map([["order", number]]));
    for (let at = 0; at < 50; at += 7) doc.getMap("elements:1").delete(`of ${number}, ${at}`);
  });
  const whole = merge(docs);
  const chunks = splitUpdate(Y.encodeStateAsUpdate(whole), LIMIT);
  expect(chunks.length).toBeGreaterThan(3);
  expect(Math.max(...chunks.map((chunk) => chunk.byteLength))).toBeLessThan(LIMIT + 300);
  const made = applyAll(chunks);
  expect(made.getMap("elements:1").size).toBe(84);
  expect(Y.encodeStateAsUpdate(made)).toEqual(Y.encodeStateAsUpdate(whole));
});

it("splits an update relative to a state vector", () => {
  const doc = new Y.Doc();
  change(doc, 200, "a");
  const known = applyAll([Y.encodeStateAsUpdate(doc)]);
  change(doc, 200, "b");
  const missing = Y.encodeStateAsUpdate(doc, Y.encodeStateVector(known));
  for (const chunk of splitUpdate(missing, LIMIT)) Y.applyUpdate(known, chunk);
  expect(known.getMap("elements:1").toJSON()).toEqual(doc.getMap("elements:1").toJSON());
  expect(known.store.pendingStructs).toBeNull();
});

it("splits a long list of deletions", () => {
  const doc = new Y.Doc({ gc: false });
  const list = doc.getArray<number>("list");
  list.insert(0, [...Array(3000).keys()]);
  doc.transact(() => {
    for (let at = 2998; at > 0; at -= 2) list.delete(at);
  });
  const update = Y.encodeStateAsUpdate(doc);
  const chunks = splitUpdate(update, 1024);
  expect(Math.max(...chunks.slice(-3).map((chunk) => chunk.byteLength))).toBeLessThan(1024);
  expect(applyAll(chunks).getArray("list").toJSON()).toEqual(list.toJSON());
});

it("never splits a single change", () => {
  const doc = new Y.Doc();
  doc.getMap("elements:1").set("a", "x".repeat(3 * LIMIT));
  doc.getMap("elements:1").set("b", "y");
  const chunks = splitUpdate(Y.encodeStateAsUpdate(doc), LIMIT);
  expect(applyAll(chunks).getMap("elements:1").get("b")).toBe("y");
});
