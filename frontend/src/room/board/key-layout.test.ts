import { describe, expect, it } from "vitest";
import { KeyLayout } from "./key-layout";

const press = (key: string, code: string, shiftKey = false) => ({ key, code, shiftKey });

describe("KeyLayout", () => {
  it.each([
    ["Ukrainian", "к", "KeyR", "r"],
    ["Greek", "ρ", "KeyR", "r"],
    ["Hebrew", "ר", "KeyR", "r"],
    ["Arabic", "ق", "KeyR", "r"],
    ["Arabic ligature", "لا", "KeyB", "b"],
    ["Hindi vowel sign", "ी", "KeyR", "r"],
    ["Georgian", "რ", "KeyR", "r"],
    ["Korean", "ㄱ", "KeyR", "r"],
    ["input method", "Process", "KeyR", "r"],
    ["Arabic digit", "٢", "Digit2", "2"],
    ["Ukrainian bracket", "ї", "BracketRight", "]"],
  ])("finds the Latin character of a %s key", (_, key, code, expected) => {
    expect(new KeyLayout().latinKey(press(key, code))).toBe(expected);
  });

  it("keeps the case", () => {
    expect(new KeyLayout().latinKey(press("К", "KeyR", true))).toBe("R");
  });

  it.each([
    ["German", "y", "KeyZ"],
    ["French comma", ",", "KeyM"],
    ["Dvorak", "'", "KeyQ"],
    ["accented", "é", "Digit2"],
    ["named", "Delete", "Delete"],
    ["letter of the numeric row", "2", "Digit2"],
  ])("leaves a %s key as it is", (_, key, code) => {
    expect(new KeyLayout().latinKey(press(key, code))).toBe(key);
  });

  it("translates punctuation once the layout is known, until a Latin letter is typed", () => {
    const layout = new KeyLayout();
    expect(layout.latinKey(press(",", "Slash", true))).toBe(",");
    layout.latinKey(press("к", "KeyR"));
    expect(layout.latinKey(press(",", "Slash", true))).toBe("?");
    expect(layout.latinKey(press("Enter", "Enter"))).toBe("Enter");
    layout.latinKey(press("r", "KeyR"));
    expect(layout.latinKey(press(",", "Slash", true))).toBe(",");
  });
});
