/** Decodes and scales one picture, so that the page stays usable meanwhile. */
import { scalePicture } from "./scale-picture";

export interface ScaleRequest {
  file: Blob;
  maxSide: number;
  type: string;
}

addEventListener("message", ({ data }: MessageEvent<ScaleRequest>) => {
  scalePicture(data.file, data.maxSide, data.type).then(
    (blob) => postMessage(blob),
    () => postMessage(null),
  );
});
