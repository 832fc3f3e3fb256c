import { expect, it } from "vitest";
import { formatRemaining } from "./countdown";

it("shows days from two days on, and a clock below", () => {
  expect([5 * 86_400, 2 * 86_400].map(formatRemaining)).toEqual(["5 days", "2 days"]);
  expect([2 * 86_400 - 1, 65].map(formatRemaining)).toEqual(["47:59:59", "01:05"]);
});
