import { expect, it } from "vitest";
import { Outbox } from "./outbox";

it("counts what was changed until an answer covers it", () => {
  const outbox = new Outbox();
  outbox.add(["a"], 1000);
  outbox.mark();
  outbox.add(["b"], 1500);
  expect(outbox.count).toBe(2);
  outbox.acknowledge();
  expect(outbox.count).toBe(1);
  expect(outbox.age(2000)).toBe(500);
});

it("counts a stroke once however often it grows", () => {
  const outbox = new Outbox();
  for (const now of [1000, 1040, 1080]) outbox.add(["a"], now);
  outbox.mark();
  outbox.add(["a"], 1120);
  expect([outbox.count, outbox.age(1200)]).toEqual([1, 200]);
  outbox.acknowledge();
  expect([outbox.count, outbox.age(1200)]).toEqual([1, 80]);
});

it("takes no answer of a connection that is gone", () => {
  const outbox = new Outbox();
  outbox.add(["a"], 0);
  outbox.mark();
  outbox.lost();
  outbox.acknowledge();
  expect([outbox.count, outbox.age(5)]).toEqual([1, 5]);
});

it("has no age where nothing waits", () => {
  expect(new Outbox().age(5)).toBe(0);
});
