import { expect, it } from "vitest";
import { parseChoice } from "./device-choice";
import { deviceErrorOf } from "./media";
import { SILENCE_WARNING_MS, SilenceDetector } from "./silence";

it("reads known devices and ignores damaged or foreign values", () => {
  expect(parseChoice('{"camera":"a","speaker":null,"microphone":5,"x":"y"}')).toEqual({
    camera: "a",
  });
  for (const text of [null, "", "{", "null", "[]", "7"]) expect(parseChoice(text)).toEqual({});
});

it("tells a block by the operating system from one by the browser", () => {
  const refused = (message: string) => new DOMException(message, "NotAllowedError");
  expect(deviceErrorOf(refused("Permission denied"))).toBe("denied");
  expect(deviceErrorOf(refused("Permission denied by system"))).toBe("system");
  expect(deviceErrorOf(refused("Not allowed"), true)).toBe("system");
});

it("warns of a microphone that has never given a sound, and of no other", () => {
  const silent = new SilenceDetector(0);
  expect(silent.isSilent(0, SILENCE_WARNING_MS - 1)).toBe(false);
  expect(silent.isSilent(0, SILENCE_WARNING_MS)).toBe(true);
  expect(silent.isSilent(0.1, SILENCE_WARNING_MS + 1)).toBe(false);
  expect(silent.isSilent(0, SILENCE_WARNING_MS * 9)).toBe(false);
});
