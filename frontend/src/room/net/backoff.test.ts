import { expect, it } from "vitest";
import { backoff } from "./backoff";

it("grows up to a limit, and half of it is random", () => {
  expect(backoff(0, () => 0)).toBe(250);
  expect(backoff(0, () => 1)).toBe(500);
  expect(backoff(3, () => 1)).toBe(4000);
  expect(backoff(99, () => 1)).toBe(15_000);
});
