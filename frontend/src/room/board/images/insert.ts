import {
  CaptureUpdateAction,
  convertToExcalidrawElements,
  getCommonBounds,
  newElementWith,
} from "@excalidraw/excalidraw";
import type { ExcalidrawImageElement, FileId } from "@excalidraw/excalidraw/element/types";
import type { ExcalidrawImperativeAPI } from "@excalidraw/excalidraw/types";
import { newId } from "../../../shared/id";
import type { Board } from "../board";

const GAP = 40;

export interface Place {
  x: number;
  y: number;
}

interface Size {
  width: number;
  height: number;
}

type Picture = Size & { blob: Blob };

/** Kind of a generated image; `natural` is the formula's original width. */
type Ink = { pdf: true } | { latex: string; natural: number };

/** The centre of the visible part of the board. */
function middle(api: ExcalidrawImperativeAPI): Place {
  const { scrollX, scrollY, width, height, zoom } = api.getAppState();
  return { x: width / 2 / zoom.value - scrollX, y: height / 2 / zoom.value - scrollY };
}

/** A position below all elements, or the visible centre of an empty page. */
function below(api: ExcalidrawImperativeAPI): Place {
  const elements = api.getSceneElements();
  if (!elements.length) return middle(api);
  const [left, , right, bottom] = getCommonBounds(elements);
  return { x: (left + right) / 2, y: bottom + GAP };
}

/** Maximum share of the visible width that a formula fills. */
const SHARE = 0.8;

function imageElement(fileId: FileId, size: Size, place: Place, ink: Ink) {
  const { width, height } = size;
  const [element] = convertToExcalidrawElements([
    {
      type: "image",
      fileId,
      status: "saved",
      x: place.x,
      y: place.y,
      width,
      height,
      locked: "pdf" in ink,
      customData: ink,
    },
  ]);
  return element as ExcalidrawImageElement;
}

async function keep(board: Board, blob: Blob): Promise<FileId> {
  const fileId = newId() as FileId;
  const file = await board.files.add(fileId, blob);
  if (board.api) await board.sceneImages.add(board.api, file);
  return fileId;
}

async function place(board: Board, { blob, ...size }: Picture, at: Place, ink: Ink) {
  const fileId = await keep(board, blob);
  const api = board.api;
  if (!api) return;
  api.updateScene({
    elements: [...api.getSceneElementsIncludingDeleted(), imageElement(fileId, size, at, ink)],
    captureUpdate: CaptureUpdateAction.IMMEDIATELY,
  });
}

/**
 * Inserts each PDF page as a locked image, which cannot be dragged while writing on it: one below
 * another, or each on a board page of its own. Returns the number of pages left out.
 */
export async function insertPdf(
  board: Board,
  file: Blob,
  layout: "column" | "pages",
  progress: (done: number, count: number) => void,
  signal: AbortSignal,
): Promise<{ left: number }> {
  // pdf.js is large and rarely needed, so it is loaded on first use.
  const { readPdf } = await import("./pdf-pages");
  const { pages, count, left } = await readPdf(file);
  const api = board.api;
  if (!api) return { left };
  // Stop following, so that all of it goes to the same page even if the tutor turns the page.
  board.setFollowing(false);
  const start = below(api);
  let y = start.y;
  let done = 0;
  progress(0, count);
  for await (const page of pages) {
    if (signal.aborted) break;
    // Do not cover a page that already has content.
    if (layout === "pages" && board.api?.getSceneElements().length) board.addPage();
    const at = layout === "pages" ? { x: 0, y: 0 } : { x: start.x - page.width / 2, y };
    await place(board, page, at, { pdf: true });
    if (done === 0 || layout === "pages") {
      board.api?.scrollToContent(board.api.getSceneElements().at(-1), { fitToViewport: true });
    }
    y += page.height + GAP;
    done += 1;
    progress(done, count);
  }
  return { left };
}

/** The selected formula; null unless exactly one formula is selected. */
export function selectedFormula(
  api: ExcalidrawImperativeAPI,
): { element: ExcalidrawImageElement; latex: string } | null {
  const ids = Object.keys(api.getAppState().selectedElementIds);
  if (ids.length !== 1) return null;
  const element = api.getSceneElements().find((candidate) => candidate.id === ids[0]);
  const latex: unknown = element?.customData?.latex;
  return element?.type === "image" && typeof latex === "string" ? { element, latex } : null;
}

/** Inserts a formula at the visible centre, scaled to fit the visible width. */
export async function insertFormula(board: Board, latex: string): Promise<void> {
  const { drawFormula } = await import("./formula");
  const { blob, width, height } = await drawFormula(latex);
  if (!board.api) return;
  const { width: seen, zoom } = board.api.getAppState();
  const scale = Math.min(1, (SHARE * seen) / zoom.value / width);
  const size = { width: width * scale, height: height * scale };
  const centre = middle(board.api);
  const at = { x: centre.x - size.width / 2, y: centre.y - size.height / 2 };
  await place(board, { blob, ...size }, at, { latex, natural: width });
}

/** Replaces a formula, keeping its position and scale. */
export async function changeFormula(
  board: Board,
  old: ExcalidrawImageElement,
  latex: string,
): Promise<void> {
  const { drawFormula } = await import("./formula");
  const { blob, width, height } = await drawFormula(latex);
  const fileId = await keep(board, blob);
  const api = board.api;
  if (!api) return;
  const elements = api.getSceneElementsIncludingDeleted().map((element) => {
    if (element.id !== old.id || element.type !== "image") return element;
    const natural: unknown = element.customData?.natural;
    const scale = typeof natural === "number" && natural > 0 ? element.width / natural : 1;
    const customData = { ...element.customData, latex, natural: width };
    const size = { width: width * scale, height: height * scale };
    return newElementWith(element, { fileId, ...size, crop: null, customData });
  });
  api.updateScene({ elements, captureUpdate: CaptureUpdateAction.IMMEDIATELY });
}
