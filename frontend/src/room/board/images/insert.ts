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
import { freeTop } from "../free-place";
import type { Box } from "../view";
import type { OpenPdf } from "./pdf-pages";

const PAGE_GAP = 40;

interface Position {
  x: number;
  y: number;
}

interface Size {
  width: number;
  height: number;
}

type Picture = Size & { blob: Blob };

/** Kind of a generated image; `natural` is the formula's original width. */
type ImageKind = { pdf: true } | { latex: string; natural: number };

/** The centre of the visible part of the board. */
function visibleCentre(api: ExcalidrawImperativeAPI): Position {
  const { scrollX, scrollY, width, height, zoom } = api.getAppState();
  return { x: width / 2 / zoom.value - scrollX, y: height / 2 / zoom.value - scrollY };
}

/** A position below all elements, or the visible centre of an empty page. */
function positionBelow(api: ExcalidrawImperativeAPI): Position {
  const elements = api.getSceneElements();
  if (!elements.length) return visibleCentre(api);
  const [left, , right, bottom] = getCommonBounds(elements);
  return { x: (left + right) / 2, y: bottom + PAGE_GAP };
}

/** Maximum width of a formula, as a share of the visible width. */
const MAX_FORMULA_SHARE = 0.8;

function imageElement(fileId: FileId, size: Size, position: Position, kind: ImageKind) {
  const { width, height } = size;
  const [element] = convertToExcalidrawElements([
    {
      type: "image",
      fileId,
      status: "saved",
      x: position.x,
      y: position.y,
      width,
      height,
      locked: "pdf" in kind,
      customData: kind,
    },
  ]);
  return element as ExcalidrawImageElement;
}

async function storeImage(board: Board, blob: Blob, signal?: AbortSignal): Promise<FileId> {
  const fileId = newId() as FileId;
  const file = await board.files.add(fileId, blob, signal);
  if (board.api) await board.sceneImages.add(board.api, file);
  return fileId;
}

async function placeImage(
  board: Board,
  { blob, ...size }: Picture,
  at: Position,
  kind: ImageKind,
  signal?: AbortSignal,
) {
  const fileId = await storeImage(board, blob, signal);
  const api = board.api;
  if (!api) return;
  api.updateScene({
    elements: [...api.getSceneElementsIncludingDeleted(), imageElement(fileId, size, at, kind)],
    captureUpdate: CaptureUpdateAction.IMMEDIATELY,
  });
}

/** The PDF pages that are still to be inserted, and those that could not be drawn. */
export interface PdfInsertion {
  waiting: number[];
  missing: number[];
}

/**
 * Inserts each waiting PDF page as a locked image, which cannot be dragged while writing on it: one below
 * another, or each on a board page of its own. After an error, the rest are still waiting. While the
 * connection is lost it waits, until the signal aborts.
 */
export async function insertPdf(
  board: Board,
  pdf: OpenPdf,
  { waiting, missing }: PdfInsertion,
  layout: "column" | "pages",
  progress: (done: number, count: number) => void,
  signal: AbortSignal,
): Promise<void> {
  const api = board.api;
  if (!api) return;
  // Stop following, so that all of it goes to the same page even if the tutor turns the page.
  board.setFollowing(null);
  const start = positionBelow(api);
  let y = start.y;
  const numbers = [...waiting];
  progress(0, numbers.length);
  for await (const page of pdf.render(numbers)) {
    if (signal.aborted) break;
    progress(numbers.length - waiting.length + 1, numbers.length);
    if (!page) {
      missing.push(...waiting.splice(0, 1));
      continue;
    }
    // Do not cover a page that already has content.
    if (layout === "pages" && board.api?.getSceneElements().length) board.addPage();
    const at = layout === "pages" ? { x: 0, y: 0 } : { x: start.x - page.width / 2, y };
    await placeImage(board, page, at, { pdf: true }, signal);
    waiting.shift();
    if (y === start.y || layout === "pages") {
      board.api?.scrollToContent(board.api.getSceneElements().at(-1), { fitToViewport: true });
    }
    y += page.height + PAGE_GAP;
  }
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

/** What a new formula must not cover; a PDF page or a frame is written on. */
function obstacles(api: ExcalidrawImperativeAPI): Box[] {
  return api
    .getSceneElements()
    .filter(({ type, customData }) => type !== "frame" && customData?.pdf !== true)
    .map((element) => getCommonBounds([element]));
}

/** Inserts a formula at the visible centre or in the free space below, scaled to the visible width. */
export async function insertFormula(board: Board, latex: string): Promise<void> {
  const { renderFormula } = await import("./formula");
  const { blob, width, height } = await renderFormula(latex);
  if (!board.api) return;
  const { width: visibleWidth, zoom } = board.api.getAppState();
  const scale = Math.min(1, (MAX_FORMULA_SHARE * visibleWidth) / zoom.value / width);
  const size = { width: width * scale, height: height * scale };
  const centre = visibleCentre(board.api);
  const [x, y] = [centre.x - size.width / 2, centre.y - size.height / 2];
  const top = freeTop([x, y, x + size.width, y + size.height], obstacles(board.api));
  await placeImage(board, { blob, ...size }, { x, y: top }, { latex, natural: width });
  if (top > y) board.api?.scrollToContent(board.api.getSceneElements().at(-1));
}

/** Replaces a formula, keeping its position and scale. */
export async function changeFormula(
  board: Board,
  old: ExcalidrawImageElement,
  latex: string,
): Promise<void> {
  const { renderFormula } = await import("./formula");
  const { blob, width, height } = await renderFormula(latex);
  const fileId = await storeImage(board, blob);
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
