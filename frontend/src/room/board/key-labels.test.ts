import { describe, expect, it } from "vitest";
import { keyLabel } from "./key-labels";

describe("keyLabel", () => {
  it.each([
    ["R", "R (К)"],
    ["Ctrl+Shift+G", "Ctrl+Shift+G (П)"],
    ["Delete", "Delete"],
    ["Ctrl++", "Ctrl++"],
    ["9", "9"],
  ])("of %s names the Ukrainian letter of the same key", (shortcut, label) => {
    expect(keyLabel(shortcut, "uk")).toBe(label);
  });

  it("has no Ukrainian letter in English", () => {
    expect(keyLabel("R", "en")).toBe("R");
  });
});
