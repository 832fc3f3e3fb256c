import { expect, it } from "vitest";
import { remainingText } from "./countdown";

it("counts days until two are left, and then hours", () => {
  expect([5 * 86_400, 2 * 86_400].map(remainingText)).toEqual(["5 days", "2 days"]);
  expect([2 * 86_400 - 1, 65].map(remainingText)).toEqual(["47:59:59", "01:05"]);
});
