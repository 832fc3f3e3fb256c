import { getDataURL } from "@excalidraw/excalidraw";
import type { ExcalidrawElement } from "@excalidraw/excalidraw/element/types";
import type { BinaryFileData } from "@excalidraw/excalidraw/types";
import { canvasToBlob, loadImage } from "./image-files";

/**
 * Whether the image is a formula or a PDF page. On a dark board these are inverted like strokes,
 * which would otherwise be light on a white page.
 */
export function isInvertedInDark({ customData }: ExcalidrawElement): boolean {
  return typeof customData?.latex === "string" || customData?.pdf === true;
}

/** Without this setting Excalidraw inverts images with the rest of the canvas. */
const HAS_CANVAS_FILTER = "filter" in CanvasRenderingContext2D.prototype;

/** Inverts the colours, because on a dark board Excalidraw inverts images twice. */
export async function invertColours(file: BinaryFileData): Promise<BinaryFileData> {
  if (!HAS_CANVAS_FILTER) return file;
  const image = await loadImage(file.dataURL);
  const canvas = document.createElement("canvas");
  canvas.width = image.naturalWidth;
  canvas.height = image.naturalHeight;
  const context = canvas.getContext("2d");
  if (!context) return file;
  context.filter = "invert(100%) hue-rotate(180deg)";
  context.drawImage(image, 0, 0);
  return { ...file, dataURL: await getDataURL(await canvasToBlob(canvas)), mimeType: "image/png" };
}
