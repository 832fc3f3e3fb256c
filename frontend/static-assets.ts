import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Plugin } from "vite";

const NODE_MODULES = join(import.meta.dirname, "node_modules");

/** Package folders whose files are requested by name at run time. */
const ASSET_FOLDERS: Readonly<Record<string, string>> = {
  "excalidraw/fonts": "@excalidraw/excalidraw/dist/prod/fonts",
  "pdfjs/cmaps": "pdfjs-dist/cmaps",
  "pdfjs/standard_fonts": "pdfjs-dist/standard_fonts",
  "pdfjs/wasm": "pdfjs-dist/wasm",
};

/** Liberation Sans 1.x, which is under the GPL despite the licence file next to it. */
const EXCLUDED_FONTS = /Liberation/i;

/** Replacements for them: pdf.js loads these names for Helvetica and Arial. */
const ARIMO_FONTS: Readonly<Record<string, string>> = {
  "LiberationSans-Regular.ttf": "400Regular/Arimo_400Regular.ttf",
  "LiberationSans-Italic.ttf": "400Regular_Italic/Arimo_400Regular_Italic.ttf",
  "LiberationSans-Bold.ttf": "700Bold/Arimo_700Bold.ttf",
  "LiberationSans-BoldItalic.ttf": "700Bold_Italic/Arimo_700Bold_Italic.ttf",
  LICENSE_ARIMO: "LICENSE_FONT",
};

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
  for (const [name, path] of Object.entries(ARIMO_FONTS)) {
    yield [join(NODE_MODULES, "@expo-google-fonts/arimo", path), `pdfjs/standard_fonts/${name}`];
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
    },
  };
}
