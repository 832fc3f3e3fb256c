import type { Plugin } from "vite";

const EXCALIDRAW = "/@excalidraw/excalidraw/";
/** Locale files to keep; `percentages` lists how complete each translation is. */
const KEPT_LOCALES = /\/locales\/(en|uk-UA|percentages)-/;
/** Excalidraw's fallback host for fonts, which the CSP would block. */
const FONT_CDN_URL = /`https:\/\/esm\.sh\/\$\{[^`]*(?:`[^`]*`[^`]*)?\}\/dist\/prod\/`/;
/** Liberation Sans, which static-assets.ts leaves out, and a string that occurs only in it. */
const LIBERATION_FONT_URL = /"\.\/fonts\/Liberation\/[^"]+"/;
const SERVER_SIDE_FLAG = "serverSide:!0";

/**
 * Removes the unused parts of Excalidraw, which are most of its files: sixty languages, and Mermaid,
 * which draws diagrams from pasted text. Such text is pasted as plain text instead.
 */
export function trimExcalidraw(): Plugin {
  return {
    name: "trim-excalidraw",
    enforce: "pre",
    resolveId(source, importer) {
      if (!importer?.replaceAll("\\", "/").includes(EXCALIDRAW)) return null;
      if (source === "@excalidraw/mermaid-to-excalidraw") return "\0no-mermaid";
      return source.includes("/locales/") && !KEPT_LOCALES.test(source) ? "\0no-locale" : null;
    },
    transform(code, id) {
      if (!id.replaceAll("\\", "/").includes(EXCALIDRAW) || !FONT_CDN_URL.test(code)) return null;
      const trimmed = code
        .replace(FONT_CDN_URL, "window.EXCALIDRAW_ASSET_PATH")
        .replace(LIBERATION_FONT_URL, '"local:"')
        .replace(SERVER_SIDE_FLAG, `${SERVER_SIDE_FLAG},local:!0`);
      return { code: trimmed, map: null };
    },
    load(id) {
      if (id === "\0no-locale") return "export default {};";
      if (id !== "\0no-mermaid") return null;
      return "export const parseMermaidToExcalidraw = () => Promise.reject(new Error('left out'));";
    },
  };
}
