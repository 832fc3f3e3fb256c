import { describe, expect, it } from "vitest";
import { isComposing } from "./keyboard";

describe("isComposing", () => {
  it.each([
    ["a key during composition", { isComposing: true, keyCode: 13 }, true],
    ["Safari's Enter after composition", { isComposing: false, keyCode: 229 }, true],
    ["a plain Enter", { isComposing: false, keyCode: 13 }, false],
  ])("tells %s", (_, event, expected) => {
    expect(isComposing(event)).toBe(expected);
  });
});
