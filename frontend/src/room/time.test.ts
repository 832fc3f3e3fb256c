import { expect, it } from "vitest";
import { clockText, remaining } from "./time";

it("counts down by the server's clock", () => {
  const now = Date.parse("2026-03-02T12:00:00Z");
  expect(remaining("2026-03-02T12:01:00Z", now, 0)).toBe(60);
  expect(remaining("2026-03-02T12:01:00Z", now, 5000)).toBe(55);
  expect(remaining("2026-03-02T11:59:00Z", now, 0)).toBe(0);
});

it("is written as a clock", () => {
  expect([5, 65, 3605].map(clockText)).toEqual(["00:05", "01:05", "1:00:05"]);
});
