import { getDataURL } from "@excalidraw/excalidraw";
import type { ExcalidrawElement } from "@excalidraw/excalidraw/element/types";
import type { BinaryFileData } from "@excalidraw/excalidraw/types";
import { canvasBlob, imageOf } from "./pictures";

/**
 * A picture of ink: a formula, or a page of a PDF. In the dark it turns with the strokes, which
 * would be light upon a white page otherwise.
 */
export function isInk({ customData }: ExcalidrawElement): boolean {
  return typeof customData?.latex === "string" || customData?.pdf === true;
}

/** Without it Excalidraw cannot save pictures from being turned with all the rest. */
const CAN_FILTER = "filter" in CanvasRenderingContext2D.prototype;

/** As Excalidraw has to be given it in the dark, where it turns pictures twice. */
export async function turned(file: BinaryFileData): Promise<BinaryFileData> {
  if (!CAN_FILTER) return file;
  const image = await imageOf(file.dataURL);
  const canvas = document.createElement("canvas");
  canvas.width = image.naturalWidth;
  canvas.height = image.naturalHeight;
  const context = canvas.getContext("2d");
  if (!context) return file;
  context.filter = "invert(100%) hue-rotate(180deg)";
  context.drawImage(image, 0, 0);
  return { ...file, dataURL: await getDataURL(await canvasBlob(canvas)), mimeType: "image/png" };
}
