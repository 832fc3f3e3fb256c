import { gettext, interpolate } from "../../../shared/gettext";
import { assetUrl } from "../../asset-url";
import { Store } from "../../state/store";
import { MAX_SHOWN_SIDE } from "./image-files";
import {
  HEADER_BYTES,
  type PictureHeader,
  type PictureKind,
  readPictureHeader,
} from "./picture-header";
import type { ScaleRequest } from "./scale-worker";

/** As on the server; tests/test_room_protocol.py compares them. */
export const MAX_FILE_BYTES = 10 * 1024 * 1024;
export const MAX_SIDE = 16_384;
export const MAX_PIXELS = 64 * 1024 * 1024;
const SCALE_TIMEOUT_MS = 30_000;
const HEIC_DECODER = "libheif/libheif-bundle.mjs";

const TOO_MANY_PIXELS_TEXT = gettext(
  "This picture is %(width)s × %(height)s pixels; the limits are 16,384 pixels a side and 64 megapixels in all. Make it smaller and add it again.",
);
const TOO_LARGE_TEXT = gettext(
  "This file is %(size)s MB; the limit is 10 MB. Save the picture at a smaller size and add it again.",
);
const DAMAGED_TEXT = gettext("This picture could not be read. Save it again as JPEG or PNG.");
const NOT_A_PICTURE_TEXT = gettext(
  "This file is not a picture. Add a JPEG, PNG, WebP or GIF file.",
);
const FOREIGN_TEXTS: Partial<Record<PictureKind, string>> = {
  heic: gettext(
    "This HEIC picture could not be opened. Send it as JPEG: on an iPhone choose Settings, Camera, Formats, Most Compatible, or take a screenshot of it.",
  ),
  tiff: gettext("This browser can’t open TIFF pictures. Save the picture as JPEG or PNG."),
};
const STORED_KINDS: readonly (PictureKind | null)[] = ["png", "jpeg", "webp", "gif"];

/** How many pictures are being made ready. */
export const preparing = new Store(0);

/** Whether a dropped file is a picture that Excalidraw does not know. */
export function isForeignPicture(file: File | null | undefined): boolean {
  return (
    /\.(heic|heif|tiff?)$/i.test(file?.name ?? "") || /^image\/(hei|tif)/.test(file?.type ?? "")
  );
}

/** What the header already says against the picture; null when nothing. */
export function refusalOf({ kind, size }: PictureHeader, bytes: number): string | null {
  if (!kind) return NOT_A_PICTURE_TEXT;
  if (
    size &&
    (Math.max(size.width, size.height) > MAX_SIDE || size.width * size.height > MAX_PIXELS)
  )
    return interpolate(TOO_MANY_PIXELS_TEXT, size);
  // Scaling would end an animation.
  return kind === "gif" ? tooLarge(bytes) : null;
}

/** Whether the server can store the file as it is, and others can show it without scaling. */
export function isReady({ kind, size }: PictureHeader, bytes: number): boolean {
  const isSmall = size !== null && Math.max(size.width, size.height) <= MAX_SHOWN_SIDE;
  return STORED_KINDS.includes(kind) && bytes <= MAX_FILE_BYTES && (isSmall || kind === "gif");
}

function tooLarge(bytes: number): string | null {
  if (bytes <= MAX_FILE_BYTES) return null;
  return interpolate(TOO_LARGE_TEXT, { size: Math.ceil(bytes / 1024 / 1024) });
}

/**
 * Makes a picture ready for the board before Excalidraw decodes it: a file that would block the
 * browser is refused, and a large one is scaled in a worker. Throws an error with words for the user.
 */
export async function preparePicture(file: File): Promise<File> {
  if (file.type === "image/svg+xml") return file;
  const header = readPictureHeader(new Uint8Array(await file.slice(0, HEADER_BYTES).arrayBuffer()));
  const refusal = refusalOf(header, file.size);
  if (refusal) throw new Error(refusal);
  if (isReady(header, file.size)) return file;
  preparing.set(preparing.get() + 1);
  try {
    return await scaled(file, header.kind);
  } finally {
    preparing.set(preparing.get() - 1);
  }
}

async function scaled(file: File, kind: PictureKind | null): Promise<File> {
  const isLossless = kind === "png" || kind === "webp" || kind === "bmp";
  const request: ScaleRequest = { file, maxSide: MAX_SHOWN_SIDE, type: "image/jpeg" };
  if (kind === "heic") request.heicDecoder = assetUrl(HEIC_DECODER);
  let blob = await scaleInWorker(isLossless ? { ...request, type: "image/png" } : request);
  if (blob && tooLarge(blob.size)) blob = await scaleInWorker(request);
  if (!blob) throw new Error((kind && FOREIGN_TEXTS[kind]) || DAMAGED_TEXT);
  return new File([blob], file.name, { type: blob.type });
}

/** Resolves to null when the browser cannot decode the picture, or not in time. */
function scaleInWorker(request: ScaleRequest): Promise<Blob | null> {
  const worker = new Worker(new URL("./scale-worker.ts", import.meta.url), { type: "module" });
  return new Promise<Blob | null>((resolve) => {
    setTimeout(() => resolve(null), SCALE_TIMEOUT_MS);
    worker.onmessage = ({ data }: MessageEvent<Blob | null>) => resolve(data);
    worker.onerror = () => resolve(null);
    worker.postMessage(request);
  }).finally(() => worker.terminate());
}
