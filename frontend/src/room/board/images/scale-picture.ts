import { fitInto } from "./image-files";

const QUALITY = 0.9;

/** Scales a picture down to `maxSide`, encodes and closes it. */
export async function scalePicture(
  picture: ImageBitmap,
  maxSide: number,
  type: string,
): Promise<Blob> {
  const { width, height } = fitInto(picture.width, picture.height, maxSide);
  const canvas = new OffscreenCanvas(width, height);
  const context = canvas.getContext("2d");
  if (!context) throw new Error("no canvas");
  context.imageSmoothingQuality = "high";
  context.drawImage(picture, 0, 0, width, height);
  picture.close();
  return canvas.convertToBlob({ type, quality: QUALITY });
}
