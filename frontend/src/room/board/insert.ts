import {
  CaptureUpdateAction,
  convertToExcalidrawElements,
  getCommonBounds,
  newElementWith,
} from "@excalidraw/excalidraw";
import type { ExcalidrawImageElement, FileId } from "@excalidraw/excalidraw/element/types";
import type { ExcalidrawImperativeAPI } from "@excalidraw/excalidraw/types";
import type { Board } from "./board";

const GAP = 40;

export interface Place {
  x: number;
  y: number;
}

interface Picture {
  blob: Blob;
  width: number;
  height: number;
}

/** The middle of what is seen of the board. */
function middle(api: ExcalidrawImperativeAPI): Place {
  const { scrollX, scrollY, width, height, zoom } = api.getAppState();
  return { x: width / 2 / zoom.value - scrollX, y: height / 2 / zoom.value - scrollY };
}

/** Under all that is on the page, so that nothing is covered; the middle of an empty page. */
function below(api: ExcalidrawImperativeAPI): Place {
  const elements = api.getSceneElements();
  if (!elements.length) return middle(api);
  const [left, , right, bottom] = getCommonBounds(elements);
  return { x: (left + right) / 2, y: bottom + GAP };
}

function imageElement(fileId: FileId, picture: Picture, place: Place, latex: string | null) {
  const { width, height } = picture;
  const [element] = convertToExcalidrawElements([
    {
      type: "image",
      fileId,
      status: "saved",
      x: place.x,
      y: place.y,
      width,
      height,
      ...(latex === null ? { locked: true } : { customData: { latex } }),
    },
  ]);
  return element as ExcalidrawImageElement;
}

async function place(board: Board, picture: Picture, at: Place, latex: string | null) {
  const fileId = crypto.randomUUID() as string as FileId;
  const file = await board.files.add(fileId, picture.blob);
  const api = board.api;
  if (!api) return;
  api.addFiles([file]);
  const element = imageElement(fileId, picture, at, latex);
  api.updateScene({
    elements: [...api.getSceneElementsIncludingDeleted(), element],
    captureUpdate: CaptureUpdateAction.IMMEDIATELY,
  });
}

/**
 * Each page a locked picture, so that one writes on it and does not drag it: one below another,
 * or each on a board page of its own. */
export async function insertPdf(
  board: Board,
  file: Blob,
  layout: "column" | "pages",
  progress: (done: number, count: number) => void,
): Promise<void> {
  // KaTeX and pdf.js are large and rarely wanted: each comes with its first use.
  const { readPdf } = await import("./pdf-pages");
  const { pages, count } = await readPdf(file);
  const api = board.api;
  if (!api) return;
  // All of it goes where it was begun, though the tutor may turn the page meanwhile.
  board.follow(false);
  const start = below(api);
  let y = start.y;
  let done = 0;
  progress(0, count);
  for await (const page of pages) {
    // A page that is in use already is not covered up.
    if (layout === "pages" && board.api?.getSceneElements().length) board.addPage();
    const at = layout === "pages" ? { x: 0, y: 0 } : { x: start.x - page.width / 2, y };
    await place(board, page, at, null);
    if (done === 0 || layout === "pages") {
      board.api?.scrollToContent(board.api.getSceneElements().at(-1), { fitToViewport: true });
    }
    y += page.height + GAP;
    done += 1;
    progress(done, count);
  }
}

/** The one selected formula, to be edited. */
export function selectedFormula(
  api: ExcalidrawImperativeAPI,
): { element: ExcalidrawImageElement; latex: string } | null {
  const ids = Object.keys(api.getAppState().selectedElementIds);
  if (ids.length !== 1) return null;
  const element = api.getSceneElements().find((candidate) => candidate.id === ids[0]);
  const latex: unknown = element?.customData?.latex;
  return element?.type === "image" && typeof latex === "string" ? { element, latex } : null;
}

export async function insertFormula(board: Board, latex: string): Promise<void> {
  const { drawFormula } = await import("./formula");
  const picture = await drawFormula(latex);
  if (!board.api) return;
  const centre = middle(board.api);
  const at = { x: centre.x - picture.width / 2, y: centre.y - picture.height / 2 };
  await place(board, picture, at, latex);
}

/** Keeps its place and its scale. */
export async function changeFormula(
  board: Board,
  old: ExcalidrawImageElement,
  latex: string,
): Promise<void> {
  const { drawFormula } = await import("./formula");
  const picture = await drawFormula(latex);
  const fileId = crypto.randomUUID() as string as FileId;
  const file = await board.files.add(fileId, picture.blob);
  const api = board.api;
  if (!api) return;
  api.addFiles([file]);
  const elements = api.getSceneElementsIncludingDeleted().map((element) => {
    if (element.id !== old.id) return element;
    const { width, height } = picture;
    const customData = { ...element.customData, latex };
    return newElementWith(element as ExcalidrawImageElement, { fileId, width, height, customData });
  });
  api.updateScene({ elements, captureUpdate: CaptureUpdateAction.IMMEDIATELY });
}
