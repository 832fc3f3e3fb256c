import { readFileSync } from "node:fs";
import { join } from "node:path";

const PDFJS = join(import.meta.dirname, "node_modules/pdfjs-dist");
const { version } = JSON.parse(readFileSync(join(PDFJS, "package.json"), "utf8"));
/** Where the build puts the worker; pdf.js refuses that of another version. */
export const PDF_WORKER = `pdfjs/pdf.worker-${version}.mjs`;

/** The part of pdf.js's font properties that is used here. */
export interface FontProperties {
  isInternalFont: boolean;
  hasIncludedToUnicodeMap: boolean;
  toUnicode: { forEach(each: (code: number, character: number | string) => void): void };
}

/**
 * The glyphs, by character code, of a replacement font for one that the PDF does not embed; null
 * if the file brought the font. The codes are glyph numbers of the font that is missing: what they
 * mean is said by the PDF, or else by the order of glyphs in Windows' fonts.
 */
export function findReplacementGlyphs(
  font: FontProperties,
  cmap: Uint8Array | undefined,
  windowsOrder: Record<number, number>,
): number[] | null {
  if (!font.isInternalFont || !cmap) return null;
  const view = new DataView(cmap.buffer, cmap.byteOffset, cmap.byteLength);
  const glyphs = new Map<number, number>();
  // Tables of format 4, as the OpenType specification describes them.
  for (let table = 0; table < view.getUint16(2); table += 1) {
    const start = view.getUint32(8 + 8 * table);
    if (view.getUint16(4 + 8 * table) !== 3 || view.getUint16(start) !== 4) continue;
    const twice = view.getUint16(start + 6);
    for (let at = start + 14; at < start + 14 + twice; at += 2) {
      const [end, from] = [view.getUint16(at), view.getUint16(at + 2 + twice)];
      const delta = view.getUint16(at + 2 + 2 * twice);
      const offsetAt = at + 2 + 3 * twice;
      const offset = view.getUint16(offsetAt);
      for (let code = from; code <= end && code < 0xffff; code += 1) {
        const found = offset ? view.getUint16(offsetAt + offset + 2 * (code - from)) : code;
        if (found) glyphs.set(code, (found + delta) & 0xffff);
      }
    }
  }
  const characters = { ...windowsOrder };
  if (font.hasIncludedToUnicodeMap)
    font.toUnicode.forEach((code, character) => {
      characters[+code] =
        typeof character === "string" ? (character.codePointAt(0) ?? 0) : character;
    });
  const chosen: number[] = [];
  for (const [code, character] of Object.entries(characters))
    chosen[Number(code)] = glyphs.get(character) ?? 0;
  return chosen;
}

const GLYPHS_OF_COMPOSITE_FONT = "if(a.composite){const e=a.cidToGidMap||[],";
const WINDOWS_ORDER = /(\w+)=getLookupTableFactory\(function\(e\)\{e\[2\]=10;e\[3\]=32;/;

/** pdf.js's worker, in which composite fonts that are not embedded get the right glyphs. */
export function patchedPdfWorker(
  code = readFileSync(join(PDFJS, "build/pdf.worker.min.mjs"), "utf8"),
): string {
  const order = WINDOWS_ORDER.exec(code)?.[1];
  if (!order || code.split(GLYPHS_OF_COMPOSITE_FONT).length !== 2)
    throw new Error("No single place in pdf.js that chooses the glyphs of composite fonts");
  const found = `findReplacementGlyphs(a,s.cmap?.data,${order}())`;
  const patched = code.replace(
    GLYPHS_OF_COMPOSITE_FONT,
    `if(a.composite){const e=${found}||a.cidToGidMap||[],`,
  );
  return `const findReplacementGlyphs=${findReplacementGlyphs};${patched}`;
}
