import { expect, it } from "vitest";
import { Outbox } from "./outbox";

const update = new Uint8Array([1]);

it("counts what was made until an answer covers it", () => {
  const outbox = new Outbox();
  outbox.add(update, 1000);
  outbox.mark();
  outbox.add(update, 1500);
  expect(outbox.count).toBe(2);
  outbox.acknowledge();
  expect(outbox.count).toBe(1);
  expect(outbox.age(2000)).toBe(500);
});

it("takes no answer of a connection that is gone", () => {
  const outbox = new Outbox();
  outbox.add(update, 0);
  outbox.mark();
  outbox.lost();
  outbox.acknowledge();
  expect(outbox.count).toBe(1);
  expect(outbox.updates).toEqual([update]);
});

it("has no age where nothing waits", () => {
  expect(new Outbox().age(5)).toBe(0);
});
