import { describe, expect, it } from "vitest";
import { isForeignPicture, isReady, refusalOf } from "./prepare-picture";

const MB = 1024 * 1024;
const header = (kind: "png" | "jpeg" | "gif" | "heic", width: number, height: number) => ({
  kind,
  size: { width, height },
});

describe("a picture for the board", () => {
  it.each([
    ["20,000 × 20,000", header("png", 20_000, 20_000)],
    ["12,000 × 9,000", header("jpeg", 12_000, 9000)],
  ])("of %s pixels is refused by its header", (_, large) => {
    expect(refusalOf(large, 76_000)).toContain(String(large.size.width));
  });

  it("that is no picture is named so", () => {
    expect(refusalOf({ kind: null, size: null }, 10)).toContain("not a picture");
  });

  it("that moves is never scaled, and refused over 10 MB", () => {
    expect(isReady(header("gif", 3000, 3000), 9 * MB)).toBe(true);
    expect(refusalOf(header("gif", 300, 300), 11 * MB)).toContain("11 MB");
  });

  it("is scaled when it is large, in bytes or pixels, or of a kind that is not stored", () => {
    expect(isReady(header("jpeg", 2560, 1440), 9 * MB)).toBe(true);
    expect(isReady(header("jpeg", 3840, 2160), 2 * MB)).toBe(false);
    expect(isReady(header("png", 100, 100), 11 * MB)).toBe(false);
    expect(isReady(header("heic", 100, 100), 1)).toBe(false);
    expect(isReady({ kind: "jpeg", size: null }, 1)).toBe(false);
  });

  it("of a foreign kind is known by its name where the system gives no type", () => {
    expect(isForeignPicture(new File([], "IMG_1.HEIC"))).toBe(true);
    expect(isForeignPicture(new File([], "scan", { type: "image/tiff" }))).toBe(true);
    expect(isForeignPicture(new File([], "a.png", { type: "image/png" }))).toBe(false);
    expect(isForeignPicture(null)).toBe(false);
  });
});
