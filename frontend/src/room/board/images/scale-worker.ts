/** Decodes and scales one picture, so that the page stays usable meanwhile. */
import { decodeHeic } from "./decode-heic";
import { scalePicture } from "./scale-picture";

export interface ScaleRequest {
  file: Blob;
  maxSide: number;
  type: string;
  /** The URL of libheif if the file is HEIC. */
  heicDecoder?: string;
}

async function decode({ file, heicDecoder }: ScaleRequest): Promise<ImageBitmap> {
  const picture = createImageBitmap(file);
  return heicDecoder ? picture.catch(() => decodeHeic(file, heicDecoder)) : picture;
}

addEventListener("message", ({ data }: MessageEvent<ScaleRequest>) => {
  decode(data)
    .then((picture) => scalePicture(picture, data.maxSide, data.type))
    .then(
      (blob) => postMessage(blob),
      () => postMessage(null),
    );
});
