import type { Plugin } from "vite";

const EXCALIDRAW = "/@excalidraw/excalidraw/";
/** The languages of the site; `percentages` says how complete each translation is. */
const KEPT = /\/locales\/(en|uk-UA|percentages)-/;
/** Where it looks for its fonts when ours are not there; the page's policy would refuse it. */
const ELSEWHERE = /`https:\/\/esm\.sh\/\$\{[^`]*(?:`[^`]*`[^`]*)?\}\/dist\/prod\/`/;
/** Liberation Sans, which static-assets.ts leaves out, and the mark that only it has. */
const LIBERATION = /"\.\/fonts\/Liberation\/[^"]+"/;
const ITS_MARK = "serverSide:!0";

/**
 * Leaves out of Excalidraw what the room never shows, which is most of its files: sixty languages,
 * and Mermaid, which draws diagrams from pasted text. Text that looks like one is pasted as text.
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
