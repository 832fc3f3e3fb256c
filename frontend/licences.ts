import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Plugin } from "vite";

/** The file in which Vite lists the bundled packages with their licences; every page links to it. */
export const LICENCES_FILE = "licences.txt";

/** Adds notices that Vite does not find: of fonts, vendored parts, and packages without a licence text. */
export function addNotices(): Plugin {
  return {
    name: "add-notices",
    apply: "build",
    enforce: "post",
    generateBundle: {
      order: "post",
      handler(_options, bundle) {
        const list = bundle[LICENCES_FILE];
        if (list?.type !== "asset") return this.error(`Vite has not written ${LICENCES_FILE}`);
        list.source += readFileSync(join(import.meta.dirname, "notices.txt"), "utf8");
      },
    },
  };
}
