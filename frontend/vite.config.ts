import { defineConfig } from "vitest/config";
import { messageCatalogues } from "./catalogues.ts";
import { LICENCES, moreNotices } from "./licences.ts";
import { staticAssets } from "./static-assets.ts";
import { trimExcalidraw } from "./trim.ts";

// What every page loads, and one entry per island. Django finds the hashed names in manifest.json under these very paths.
const input = {
  pages: "src/pages/main.ts",
  calendar: "src/calendar/main.ts",
  room: "src/room/main.tsx",
};

export default defineConfig({
  // Relative, so that chunks find each other wherever Django's STATIC_URL puts them.
  base: "./",
  publicDir: false,
  plugins: [trimExcalidraw(), staticAssets(), moreNotices(), messageCatalogues()],
  // Excalidraw reads it, and a browser has no process.
  define: { "process.env.IS_PREACT": JSON.stringify("false") },
  build: {
    outDir: "../apps/web/static/web/dist",
    emptyOutDir: true,
    manifest: "manifest.json",
    license: { fileName: LICENCES },
    target: "es2022",
    modulePreload: { polyfill: false },
    // A data: address would need an exception in the Content-Security-Policy.
    assetsInlineLimit: 0,
    rolldownOptions: {
      input,
      onwarn(warning, warn) {
        // "use client" is a word to servers that render React, of which there is none here.
        if (warning.code !== "MODULE_LEVEL_DIRECTIVE") warn(warning);
      },
    },
  },
  test: { include: ["src/**/*.test.ts", "*.test.ts"] },
});
