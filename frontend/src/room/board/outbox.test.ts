import { expect, it } from "vitest";
import { Outbox } from "./outbox";

it("counts changes until they are acknowledged", () => {
  const outbox = new Outbox();
  outbox.add(["a"], 1000);
  outbox.markProbed();
  outbox.add(["b"], 1500);
  expect(outbox.count).toBe(2);
  outbox.acknowledge();
  expect(outbox.count).toBe(1);
  expect(outbox.age(2000)).toBe(500);
});

it("counts an element once however often it changes", () => {
  const outbox = new Outbox();
  for (const now of [1000, 1040, 1080]) outbox.add(["a"], now);
  outbox.markProbed();
  outbox.add(["a"], 1120);
  expect([outbox.count, outbox.age(1200)]).toEqual([1, 200]);
  outbox.acknowledge();
  expect([outbox.count, outbox.age(1200)]).toEqual([1, 80]);
});

it("keeps changes whose probe was lost with the connection", () => {
  const outbox = new Outbox();
  outbox.add(["a"], 0);
  outbox.markProbed();
  outbox.resetProbed();
  outbox.acknowledge();
  expect([outbox.count, outbox.age(5)]).toEqual([1, 5]);
});

it("has age 0 without changes", () => {
  expect(new Outbox().age(5)).toBe(0);
});
