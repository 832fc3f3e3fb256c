import type * as Y from "yjs";
import { canvasToBlob, downloadBlob } from "./images/image-files";
import type { ImageStore } from "./images/image-store";
import { renderPages } from "./render";

const PIXEL_RATIO = 2;
const POINTS_PER_PIXEL = 0.75;
/** Maximum side in pixels of an image of all pages. */
const MAX_SIDE = 14_000;

export type Format = "png" | "pdf";

async function toPdf(canvases: readonly HTMLCanvasElement[]): Promise<Blob> {
  const { PDFDocument } = await import("pdf-lib");
  const pdf = await PDFDocument.create();
  pdf.setProducer("Kreida");
  for (const canvas of canvases) {
    const picture = await pdf.embedPng(await (await canvasToBlob(canvas)).arrayBuffer());
    const width = (canvas.width / PIXEL_RATIO) * POINTS_PER_PIXEL;
    const height = (canvas.height / PIXEL_RATIO) * POINTS_PER_PIXEL;
    pdf.addPage([width, height]).drawImage(picture, { x: 0, y: 0, width, height });
  }
  return new Blob([(await pdf.save()) as Uint8Array<ArrayBuffer>], { type: "application/pdf" });
}

/** Draws all pages one below another. */
function stackVertically(canvases: readonly HTMLCanvasElement[]): HTMLCanvasElement {
  const width = Math.max(...canvases.map((canvas) => canvas.width));
  const height = canvases.reduce((sum, canvas) => sum + canvas.height, 0);
  const scale = Math.min(1, MAX_SIDE / height, MAX_SIDE / width);
  const whole = document.createElement("canvas");
  whole.width = Math.round(width * scale);
  whole.height = Math.round(height * scale);
  const context = whole.getContext("2d");
  if (!context) throw new Error("no canvas");
  context.fillStyle = "#ffffff";
  context.fillRect(0, 0, whole.width, whole.height);
  let y = 0;
  for (const canvas of canvases) {
    context.drawImage(canvas, 0, y, canvas.width * scale, canvas.height * scale);
    y += canvas.height * scale;
  }
  return whole;
}

/** Saves one page, or all pages without `page`; returns false when there is nothing to save. */
export async function exportBoard(
  doc: Y.Doc,
  files: ImageStore,
  format: Format,
  name: string,
  page?: string,
): Promise<boolean> {
  const canvases = await renderPages(doc, files, PIXEL_RATIO, page);
  if (!canvases.length) return false;
  const blob =
    format === "pdf" ? await toPdf(canvases) : await canvasToBlob(stackVertically(canvases));
  downloadBlob(blob, `${name}.${format}`);
  return true;
}
