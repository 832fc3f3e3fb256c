/** Reads the kind and the size of a picture from the beginning of its file, without decoding it. */

export type PictureKind = "png" | "jpeg" | "gif" | "webp" | "bmp" | "heic" | "avif" | "tiff";

export interface PictureHeader {
  kind: PictureKind | null;
  /** In pixels; null when the header does not say. */
  size: { width: number; height: number } | null;
}

/** Enough for the metadata that a JPEG has before its size. */
export const HEADER_BYTES = 1024 * 1024;
const HEIC_BRANDS = ["heic", "heix", "hevc", "hevx", "heim", "heis", "mif1", "msf1"];
const AVIF_BRANDS = ["avif", "avis"];

export function readPictureHeader(bytes: Uint8Array): PictureHeader {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const kind = kindOf(view);
  try {
    return { kind, size: kind && SIZES[kind](view) };
  } catch (error) {
    // The file ends within its header.
    if (error instanceof RangeError) return { kind, size: null };
    throw error;
  }
}

function text(view: DataView, at: number, length: number): string {
  let found = "";
  for (let index = at; index < Math.min(at + length, view.byteLength); index += 1)
    found += String.fromCharCode(view.getUint8(index));
  return found;
}

function kindOf(view: DataView): PictureKind | null {
  if (text(view, 0, 4) === "\x89PNG") return "png";
  if (text(view, 0, 3) === "\xff\xd8\xff") return "jpeg";
  if (text(view, 0, 4) === "GIF8") return "gif";
  if (text(view, 0, 4) === "RIFF" && text(view, 8, 4) === "WEBP") return "webp";
  if (text(view, 0, 2) === "BM") return "bmp";
  if (["II*\0", "MM\0*"].includes(text(view, 0, 4))) return "tiff";
  if (text(view, 4, 4) !== "ftyp") return null;
  const brands = text(view, 8, 64);
  if (AVIF_BRANDS.some((brand) => brands.includes(brand))) return "avif";
  return HEIC_BRANDS.some((brand) => brands.includes(brand)) ? "heic" : null;
}

type Size = PictureHeader["size"];

const SIZES: Readonly<Record<PictureKind, (view: DataView) => Size>> = {
  png: (view) => ({ width: view.getUint32(16), height: view.getUint32(20) }),
  gif: (view) => ({ width: view.getUint16(6, true), height: view.getUint16(8, true) }),
  bmp: (view) => ({
    width: Math.abs(view.getInt32(18, true)),
    height: Math.abs(view.getInt32(22, true)),
  }),
  jpeg: jpegSize,
  webp: webpSize,
  heic: largestExtent,
  avif: largestExtent,
  tiff: () => null,
};

/** Goes from marker to marker up to the start of frame, which has the size. */
function jpegSize(view: DataView): Size {
  let at = 2;
  while (at + 9 <= view.byteLength) {
    const marker = view.getUint8(at + 1);
    const isFrame = marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker);
    if (isFrame) return { width: view.getUint16(at + 7), height: view.getUint16(at + 5) };
    at += marker === 0xff ? 1 : 2 + view.getUint16(at + 2);
  }
  return null;
}

function webpSize(view: DataView): Size {
  const uint24 = (at: number) => view.getUint16(at, true) | (view.getUint8(at + 2) << 16);
  switch (text(view, 12, 4)) {
    case "VP8X":
      return { width: uint24(24) + 1, height: uint24(27) + 1 };
    case "VP8L": {
      const bits = view.getUint32(21, true);
      return { width: (bits & 0x3fff) + 1, height: ((bits >>> 14) & 0x3fff) + 1 };
    }
    default:
      return {
        width: view.getUint16(26, true) & 0x3fff,
        height: view.getUint16(28, true) & 0x3fff,
      };
  }
}

/** The largest image of a HEIC or AVIF file, by its `ispe` boxes. */
function largestExtent(view: DataView): Size {
  let largest: Size = null;
  for (let at = 0; at + 16 <= view.byteLength; at += 1) {
    if (view.getUint32(at) !== 0x69737065) continue;
    const size = { width: view.getUint32(at + 8), height: view.getUint32(at + 12) };
    if (!largest || size.width * size.height > largest.width * largest.height) largest = size;
  }
  return largest;
}
