export type PdfProblem = "not-pdf" | "damaged" | "password" | "wrong-password";

export class PdfError extends Error {
  constructor(readonly problem: PdfProblem) {
    super(problem);
  }
}

/** Bounds of a page's image: browsers draw nothing on a larger canvas, and the server refuses it. */
const MAX_SIDE = 8192;
const MAX_PIXELS = 16_000_000;

/** The scale that gives a page of `width` × `height` (points) `pixels` across, within the bounds. */
export function pageScale(width: number, height: number, pixels: number): number {
  return Math.min(
    pixels / width,
    MAX_SIDE / width,
    MAX_SIDE / height,
    Math.sqrt(MAX_PIXELS / (width * height)),
  );
}
