import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Plugin } from "vite";
import { PDF_WORKER, patchedPdfWorker } from "./pdf-worker.ts";

const NODE_MODULES = join(import.meta.dirname, "node_modules");

/** Package folders whose files are requested by name at run time. */
const ASSET_FOLDERS: Readonly<Record<string, string>> = {
  "excalidraw/fonts": "@excalidraw/excalidraw/dist/prod/fonts",
  "pdfjs/cmaps": "pdfjs-dist/cmaps",
  "pdfjs/standard_fonts": "pdfjs-dist/standard_fonts",
  "pdfjs/wasm": "pdfjs-dist/wasm",
};

/** Unchanged and apart from our scripts, so that anybody can replace it, as its licence asks. */
const LIBHEIF = ["libheif-bundle.mjs", "LICENSE"];

/**
 * Liberation Sans 1.x, which is under the GPL despite the licence file next to it, and the Foxit
 * fonts of the same metrics as Times and Courier, which have no Cyrillic.
 */
const EXCLUDED_FONTS = /Liberation|Foxit(Serif|Fixed)/i;

/** Replacements by the names that pdf.js loads for Helvetica, Times and Courier. */
const FONTS: Readonly<Record<string, readonly [regular: string, ...others: string[]]>> = {
  Arimo: [
    "LiberationSans-Regular.ttf",
    "LiberationSans-Italic.ttf",
    "LiberationSans-Bold.ttf",
    "LiberationSans-BoldItalic.ttf",
  ],
  Tinos: [
    "FoxitSerif.pfb",
    "FoxitSerifItalic.pfb",
    "FoxitSerifBold.pfb",
    "FoxitSerifBoldItalic.pfb",
  ],
  Cousine: [
    "FoxitFixed.pfb",
    "FoxitFixedItalic.pfb",
    "FoxitFixedBold.pfb",
    "FoxitFixedBoldItalic.pfb",
  ],
};
const STYLES = ["400Regular", "400Regular_Italic", "700Bold", "700Bold_Italic"];

/** Pairs of source path in the packages and target path in the build. */
function* files(): Generator<[string, string]> {
  for (const [target, folder] of Object.entries(ASSET_FOLDERS)) {
    const source = join(NODE_MODULES, folder);
    for (const entry of readdirSync(source, { recursive: true, withFileTypes: true })) {
      const path = join(entry.parentPath, entry.name);
      if (!entry.isFile() || EXCLUDED_FONTS.test(entry.name)) continue;
      yield [path, `${target}${path.slice(source.length).replaceAll("\\", "/")}`];
    }
  }
  for (const name of LIBHEIF)
    yield [join(NODE_MODULES, "libheif-js/libheif-wasm", name), `libheif/${name}`];
  for (const [family, names] of Object.entries(FONTS)) {
    const folder = join(NODE_MODULES, "@expo-google-fonts", family.toLowerCase());
    const target = "pdfjs/standard_fonts";
    yield [join(folder, "LICENSE_FONT"), `${target}/LICENSE_${family.toUpperCase()}`];
    for (const [index, name] of names.entries()) {
      const style = STYLES[index] ?? "";
      yield [join(folder, style, `${family}_${style}.ttf`), `${target}/${name}`];
    }
  }
}

/** Copies these files next to the scripts, so that nothing is loaded from another host. */
export function staticAssets(): Plugin {
  return {
    name: "static-assets",
    apply: "build",
    generateBundle() {
      for (const [path, fileName] of files()) {
        this.emitFile({ type: "asset", fileName, source: readFileSync(path) });
      }
      this.emitFile({
        type: "asset",
        fileName: PDF_WORKER,
        source: patchedPdfWorker(),
      });
    },
  };
}
