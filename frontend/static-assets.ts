import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Plugin } from "vite";

const MODULES = join(import.meta.dirname, "node_modules");

/** Folders of packages that their scripts ask for by name at run time. */
const FOLDERS: Readonly<Record<string, string>> = {
  "excalidraw/fonts": "@excalidraw/excalidraw/dist/prod/fonts",
  "pdfjs/cmaps": "pdfjs-dist/cmaps",
  "pdfjs/standard_fonts": "pdfjs-dist/standard_fonts",
  "pdfjs/wasm": "pdfjs-dist/wasm",
};

/** Puts them beside the scripts, so that nothing is taken from another host. */
export function staticAssets(): Plugin {
  return {
    name: "static-assets",
    apply: "build",
    generateBundle() {
      for (const [target, folder] of Object.entries(FOLDERS)) {
        const source = join(MODULES, folder);
        for (const entry of readdirSync(source, { recursive: true, withFileTypes: true })) {
          if (!entry.isFile()) continue;
          const path = join(entry.parentPath, entry.name);
          const fileName = `${target}${path.slice(source.length).replaceAll("\\", "/")}`;
          this.emitFile({ type: "asset", fileName, source: readFileSync(path) });
        }
      }
    },
  };
}
