import { defineConfig } from "vitest/config";
import { messageCatalogues } from "./catalogues.ts";
import { patchExcalidraw } from "./excalidraw-patches.ts";
import { ukrainianExcalidraw } from "./excalidraw-ukrainian.ts";
import { addNotices, LICENCES_FILE } from "./licences.ts";
import { staticAssets } from "./static-assets.ts";
import { trimExcalidraw } from "./trim-excalidraw.ts";

// One entry for every page, and one per island. Django looks up the hashed names in manifest.json by these paths.
const input = {
  pages: "src/pages/main.ts",
  calendar: "src/calendar/main.ts",
  room: "src/room/main.tsx",
  boardViewer: "src/board-viewer/main.ts",
  serviceWorker: "src/service-worker/main.ts",
};

export default defineConfig({
  // Relative URLs, so that chunks resolve under any STATIC_URL.
  base: "./",
  publicDir: false,
  plugins: [
    trimExcalidraw(),
    patchExcalidraw(),
    ukrainianExcalidraw(),
    staticAssets(),
    addNotices(),
    messageCatalogues(),
  ],
  // Excalidraw reads it, but `process` does not exist in browsers.
  define: { "process.env.IS_PREACT": JSON.stringify("false") },
  build: {
    outDir: "../apps/web/static/web/dist",
    emptyOutDir: true,
    manifest: "manifest.json",
    license: { fileName: LICENCES_FILE },
    target: "es2022",
    modulePreload: { polyfill: false },
    // A data: URL would need an exception in the Content-Security-Policy.
    assetsInlineLimit: 0,
    rolldownOptions: {
      input,
      // Django serves the service worker under a name of its own, so that it may control all pages.
      output: {
        entryFileNames: ({ name }) =>
          name === "serviceWorker" ? "service-worker.js" : "assets/[name]-[hash].js",
      },
      onwarn(warning, warn) {
        // The "use client" directive only matters for React Server Components.
        if (warning.code !== "MODULE_LEVEL_DIRECTIVE") warn(warning);
      },
    },
  },
  test: { include: ["src/**/*.test.ts", "*.test.ts"] },
});
