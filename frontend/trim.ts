import type { Plugin } from "vite";

const EXCALIDRAW = "/@excalidraw/excalidraw/";
/** Locale files to keep; `percentages` lists how complete each translation is. */
const KEPT = /\/locales\/(en|uk-UA|percentages)-/;
/** Excalidraw's fallback host for fonts, which the CSP would block. */
const ELSEWHERE = /`https:\/\/esm\.sh\/\$\{[^`]*(?:`[^`]*`[^`]*)?\}\/dist\/prod\/`/;
/** Liberation Sans, which static-assets.ts leaves out, and a string that occurs only in it. */
const LIBERATION = /"\.\/fonts\/Liberation\/[^"]+"/;
const ITS_MARK = "serverSide:!0";

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
      return source.includes("/locales/") && !KEPT.test(source) ? "\0no-locale" : null;
    },
    transform(code, id) {
      if (!id.replaceAll("\\", "/").includes(EXCALIDRAW) || !ELSEWHERE.test(code)) return null;
      const trimmed = code
        .replace(ELSEWHERE, "window.EXCALIDRAW_ASSET_PATH")
        .replace(LIBERATION, '"local:"')
        .replace(ITS_MARK, `${ITS_MARK},local:!0`);
      return { code: trimmed, map: null };
    },
    load(id) {
      if (id === "\0no-locale") return "export default {};";
      if (id !== "\0no-mermaid") return null;
      return "export const parseMermaidToExcalidraw = () => Promise.reject(new Error('left out'));";
    },
  };
}
