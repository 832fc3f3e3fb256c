import { GlobalWorkerOptions, getDocument } from "pdfjs-dist";
import workerUrl from "pdfjs-dist/build/pdf.worker.min.mjs?url";
import { assetUrl } from "../../asset-url";
import { canvasToBlob } from "./image-files";

GlobalWorkerOptions.workerSrc = workerUrl;

const MAX_PAGES = 60;
/** Width of a page on the board; its image has twice as many pixels. */
const PAGE_WIDTH = 800;
const PIXEL_RATIO = 2;

interface PdfPage {
  blob: Blob;
  width: number;
  height: number;
}

export interface PdfReading {
  pages: AsyncGenerator<PdfPage>;
  count: number;
  /** Number of pages beyond MAX_PAGES, which are left out. */
  skipped: number;
}

/** Draws a border, since the edge of white paper is invisible on a white board. */
function drawEdge(canvas: HTMLCanvasElement): void {
  const context = canvas.getContext("2d");
  if (!context) return;
  context.strokeStyle = "#ced4da";
  context.lineWidth = 2 * PIXEL_RATIO;
  context.strokeRect(0, 0, canvas.width, canvas.height);
}

/** Renders the pages one at a time to limit the memory in use. */
export async function readPdf(file: Blob): Promise<PdfReading> {
  const assets = assetUrl("pdfjs/");
  const task = getDocument({
    data: await file.arrayBuffer(),
    isEvalSupported: false,
    useSystemFonts: false,
    cMapUrl: `${assets}cmaps/`,
    cMapPacked: true,
    standardFontDataUrl: `${assets}standard_fonts/`,
    wasmUrl: `${assets}wasm/`,
  });
  const pdf = await task.promise;
  const count = Math.min(pdf.numPages, MAX_PAGES);
  async function* pages(): AsyncGenerator<PdfPage> {
    try {
      for (let number = 1; number <= count; number += 1) {
        const page = await pdf.getPage(number);
        const { width, height } = page.getViewport({ scale: 1 });
        const viewport = page.getViewport({ scale: (PAGE_WIDTH * PIXEL_RATIO) / width });
        const canvas = document.createElement("canvas");
        canvas.width = Math.floor(viewport.width);
        canvas.height = Math.floor(viewport.height);
        await page.render({ canvas, viewport }).promise;
        drawEdge(canvas);
        const blob = await canvasToBlob(canvas, "image/webp");
        page.cleanup();
        yield { blob, width: PAGE_WIDTH, height: (PAGE_WIDTH * height) / width };
      }
    } finally {
      await task.destroy();
    }
  }
  return { pages: pages(), count, skipped: pdf.numPages - count };
}
