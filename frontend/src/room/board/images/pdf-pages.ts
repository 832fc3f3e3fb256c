import {
  GlobalWorkerOptions,
  getDocument,
  type PDFDocumentProxy,
  type PDFPageProxy,
  version,
} from "pdfjs-dist";
import { withTimeout } from "../../../shared/with-timeout";
import { assetUrl } from "../../asset-url";
import { canvasToBlob } from "./image-files";
import { PdfError, pageScale } from "./pdf-limits";

GlobalWorkerOptions.workerSrc = assetUrl(`pdfjs/pdf.worker-${version}.mjs`);

/** Width of a page on the board; its image has up to twice as many pixels. */
const PAGE_WIDTH = 800;
const PIXEL_RATIO = 2;
/** A page that takes longer is left out: some are made to never end. */
const PAGE_TIMEOUT_MS = 60_000;
const OPEN_TIMEOUT_MS = 60_000;

interface PdfPage {
  blob: Blob;
  width: number;
  height: number;
}

export interface OpenPdf {
  count: number;
  /** Renders these pages one at a time to limit the memory in use; null for one left out. */
  render(pages: readonly number[]): AsyncGenerator<PdfPage | null>;
  close(): Promise<void>;
}

/** Opens a PDF; throws PdfError. */
export async function openPdf(file: Blob, password: string): Promise<OpenPdf> {
  const assets = assetUrl("pdfjs/");
  const data = await file.arrayBuffer();
  // As pdf.js and other readers, accept other bytes before the header.
  if (!new TextDecoder("latin1").decode(data.slice(0, 1024)).includes("%PDF-")) {
    throw new PdfError("not-pdf");
  }
  const task = getDocument({
    data,
    password,
    isEvalSupported: false,
    useSystemFonts: false,
    cMapUrl: `${assets}cmaps/`,
    cMapPacked: true,
    standardFontDataUrl: `${assets}standard_fonts/`,
    wasmUrl: `${assets}wasm/`,
  });
  try {
    const pdf = await withTimeout(task.promise, OPEN_TIMEOUT_MS);
    return {
      count: pdf.numPages,
      render: (pages) => renderPages(pdf, pages),
      close: () => task.destroy(),
    };
  } catch (error) {
    await task.destroy();
    const isLocked = error instanceof Error && error.name === "PasswordException";
    if (isLocked) throw new PdfError(password ? "wrong-password" : "password");
    throw new PdfError("damaged");
  }
}

async function* renderPages(
  pdf: PDFDocumentProxy,
  pages: readonly number[],
): AsyncGenerator<PdfPage | null> {
  for (const number of pages) {
    yield await withTimeout(renderPage(pdf, number), PAGE_TIMEOUT_MS).catch(() => null);
  }
}

async function renderPage(pdf: PDFDocumentProxy, number: number): Promise<PdfPage> {
  const page = await pdf.getPage(number);
  const { width, height } = page.getViewport({ scale: 1 });
  const canvas = await drawPage(page, pageScale(width, height, PAGE_WIDTH * PIXEL_RATIO));
  const blob = await canvasToBlob(canvas, "image/webp");
  page.cleanup();
  return { blob, width: PAGE_WIDTH, height: (PAGE_WIDTH * height) / width };
}

async function drawPage(page: PDFPageProxy, scale: number): Promise<HTMLCanvasElement> {
  const viewport = page.getViewport({ scale });
  const canvas = document.createElement("canvas");
  canvas.width = Math.max(1, Math.floor(viewport.width));
  canvas.height = Math.max(1, Math.floor(viewport.height));
  const task = page.render({ canvas, viewport });
  await withTimeout(task.promise, PAGE_TIMEOUT_MS).catch((error: unknown) => {
    task.cancel();
    throw error;
  });
  drawEdge(canvas);
  return canvas;
}

/** Draws a border, since the edge of white paper is invisible on a white board. */
function drawEdge(canvas: HTMLCanvasElement): void {
  const context = canvas.getContext("2d");
  if (!context) return;
  context.strokeStyle = "#ced4da";
  context.lineWidth = 2 * PIXEL_RATIO;
  context.strokeRect(0, 0, canvas.width, canvas.height);
}
