import { exportToCanvas, getCommonBounds } from "@excalidraw/excalidraw";
import type { ExcalidrawElement, NonDeleted } from "@excalidraw/excalidraw/element/types";
import type { BinaryFiles } from "@excalidraw/excalidraw/types";
import type * as Y from "yjs";
import { readElements } from "./elements";
import { leaveOutFarAway } from "./extent";
import type { ImageStore } from "./images/image-store";
import { elementsOf, pagesOf } from "./pages";

/** Some browsers refuse larger canvases; on iPhones the area decides. */
const MAX_SIDE = 6000;
const MAX_AREA = 16_777_216;
const PADDING = 24;

function visibleElements(doc: Y.Doc, page: string): NonDeleted<ExcalidrawElement>[] {
  const order = (element: ExcalidrawElement) => element.index ?? "";
  return readElements(elementsOf(doc, page))
    .filter((element): element is NonDeleted<ExcalidrawElement> => !element.isDeleted)
    .sort((a, b) => (order(a) < order(b) ? -1 : 1));
}

export function hasContent(doc: Y.Doc, page: string): boolean {
  return visibleElements(doc, page).length > 0;
}

/** Renders a page to a canvas; null when it is empty. */
export async function renderPage(
  doc: Y.Doc,
  page: string,
  files: ImageStore,
  scale: number,
): Promise<HTMLCanvasElement | null> {
  const all = visibleElements(doc, page);
  if (!all.length) return null;
  const elements = leaveOutFarAway(all, (element) => getCommonBounds([element]));
  const ids = elements.flatMap((element) =>
    element.type === "image" && element.fileId ? [element.fileId] : [],
  );
  const found = await files.get(ids);
  const pictures: BinaryFiles = Object.fromEntries(found.map((file) => [file.id, file]));
  return exportToCanvas({
    elements,
    files: pictures,
    appState: { exportBackground: true, viewBackgroundColor: "#ffffff", exportWithDarkMode: false },
    exportPadding: PADDING,
    getDimensions: (width: number, height: number) => {
      const fitting = Math.min(
        scale,
        MAX_SIDE / width,
        MAX_SIDE / height,
        Math.sqrt(MAX_AREA / (width * height)),
      );
      return { width: width * fitting, height: height * fitting, scale: fitting };
    },
  });
}

export async function renderPages(
  doc: Y.Doc,
  files: ImageStore,
  scale: number,
  onlyPage?: string,
): Promise<HTMLCanvasElement[]> {
  const canvases: HTMLCanvasElement[] = [];
  for (const page of pagesOf(doc)) {
    if (onlyPage !== undefined && page.id !== onlyPage) continue;
    const canvas = await renderPage(doc, page.id, files, scale);
    if (canvas) canvases.push(canvas);
  }
  return canvases;
}
