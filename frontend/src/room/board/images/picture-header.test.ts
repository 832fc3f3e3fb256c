import { describe, expect, it } from "vitest";
import { readPictureHeader } from "./picture-header";

const bytes = (...parts: (string | number[])[]) =>
  Uint8Array.from(
    parts.flatMap((part) =>
      typeof part === "string" ? [...part].map((char) => char.charCodeAt(0)) : part,
    ),
  );
const zeros = (count: number) => new Array<number>(count).fill(0);

describe("readPictureHeader", () => {
  it.each([
    [
      "png",
      bytes("\x89PNG\r\n\x1a\n", zeros(4), "IHDR", [0, 0, 0x4e, 0x20, 0, 0, 0x4e, 0x20]),
      20_000,
      20_000,
    ],
    [
      "jpeg",
      bytes("\xff\xd8\xff\xe1", [0, 4, 1, 1], "\xff\xc2", [0, 17, 8, 0x23, 0x28, 0x2e, 0xe0]),
      12_000,
      9000,
    ],
    ["gif", bytes("GIF89a", [4, 1, 3, 0]), 260, 3],
    ["webp", bytes("RIFF", zeros(4), "WEBPVP8X", zeros(8), [0xff, 0x0f, 0], [1, 0, 0]), 4096, 2],
    ["bmp", bytes("BM", zeros(16), [5, 0, 0, 0], [0xfd, 0xff, 0xff, 0xff]), 5, 3],
    [
      "heic",
      bytes(zeros(4), "ftypheic", zeros(60), "ispe", zeros(4), [0, 0, 0x10, 0, 0, 0, 0x0c, 0]),
      4096,
      3072,
    ],
  ])("reads the size of a %s file", (kind, file, width, height) => {
    const padded = bytes([...file], zeros(16));
    expect(readPictureHeader(padded)).toEqual({ kind, size: { width, height } });
  });

  it("knows a TIFF file, whose size is elsewhere", () => {
    expect(readPictureHeader(bytes("II*\0", zeros(8)))).toEqual({ kind: "tiff", size: null });
  });

  it("has no size for a file that ends early and no kind for another file", () => {
    expect(readPictureHeader(bytes("\x89PNG"))).toEqual({ kind: "png", size: null });
    expect(readPictureHeader(bytes("\xff\xd8\xff"))).toEqual({ kind: "jpeg", size: null });
    expect(readPictureHeader(bytes("%PDF-1.4"))).toEqual({ kind: null, size: null });
  });
});
