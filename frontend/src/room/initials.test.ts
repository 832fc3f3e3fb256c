import { afterEach, expect, test, vi } from "vitest";
import { initials } from "./initials";

const cases: [string, string][] = [
  ["олена коваль вікторівна", "ОК"],
  ["  ", ""],
  ["и\u0306осип e\u0301ric", "ЙÉ"],
  ["👩‍👧x 🇺🇦🇺", "👩‍👧🇺🇦"],
  ["👍🏽 b", "👍🏽B"],
];

afterEach(() => vi.unstubAllGlobals());

test.each(cases)("initials of %j split no grapheme", (name, shown) => {
  expect(initials(name)).toBe(shown);
});

test.each(cases)("initials of %j split no grapheme without Intl.Segmenter", (name, shown) => {
  vi.stubGlobal("Intl", { ...Intl, Segmenter: undefined });
  expect(initials(name)).toBe(shown);
});
