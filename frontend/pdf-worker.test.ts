import { describe, expect, it } from "vitest";
import { type FontProperties, findReplacementGlyphs, patchedPdfWorker } from "./pdf-worker.ts";

const CYRILLIC_A = 0x410;

/** A cmap table that maps the Cyrillic А and Б to the glyphs 7 and 8. */
function cmap(): Uint8Array {
  const words = [0, 1, 3, 1, 0, 12, 4, 32, 0, 4, 4, 1, 0, 0x411, 0xffff, 0, CYRILLIC_A, 0xffff];
  const table = new DataView(new ArrayBuffer(2 * (words.length + 4)));
  for (const [index, word] of [...words, 7 - CYRILLIC_A, 1, 0, 0].entries())
    table.setUint16(2 * index, word & 0xffff);
  return new Uint8Array(table.buffer);
}

function font(toUnicode: Record<number, string> | null, isInternalFont = true): FontProperties {
  return {
    isInternalFont,
    hasIncludedToUnicodeMap: toUnicode !== null,
    toUnicode: {
      forEach: (each) => {
        for (const [code, text] of Object.entries(toUnicode ?? {})) each(Number(code), text);
      },
    },
  };
}

describe("findReplacementGlyphs", () => {
  it("goes by the order of glyphs in Windows' fonts", () => {
    expect(findReplacementGlyphs(font(null), cmap(), { 570: CYRILLIC_A })?.[570]).toBe(7);
  });

  it("goes by the PDF's own map first", () => {
    const glyphs = findReplacementGlyphs(font({ 5: "Б" }), cmap(), { 5: 0x22, 570: CYRILLIC_A });
    expect([glyphs?.[5], glyphs?.[570]]).toEqual([8, 7]);
  });

  it("leaves embedded fonts alone", () => {
    expect(findReplacementGlyphs(font(null, false), cmap(), {})).toBeNull();
  });
});

it("patches one place of pdf.js", () => {
  expect(patchedPdfWorker()).toContain("findReplacementGlyphs(a,s.cmap?.data,");
  expect(() => patchedPdfWorker("nothing")).toThrow("No single place");
});
