export interface View {
  scrollX: number;
  scrollY: number;
  zoom: number;
}

export type Box = readonly [left: number, top: number, right: number, bottom: number];

const ORIGIN: View = { scrollX: 0, scrollY: 0, zoom: 1 };
/** Minimum zoom at which text is readable. */
const MIN_ZOOM = 0.3;
/** Maximum share of the window that the content fills. */
const MAX_FILL = 0.9;
/** Maximum content height, enough for a very long PDF. */
const MAX_CONTENT_HEIGHT = 200_000;

function boundingBox(boxes: readonly Box[]): Box {
  const sides: [number, number, number, number] = [Infinity, Infinity, -Infinity, -Infinity];
  for (const [left, top, right, bottom] of boxes) {
    sides[0] = Math.min(sides[0], left);
    sides[1] = Math.min(sides[1], top);
    sides[2] = Math.max(sides[2], right);
    sides[3] = Math.max(sides[3], bottom);
  }
  return sides;
}

function nearestToOrigin(boxes: readonly Box[]): Box {
  const distance = ([left, top]: Box) => Math.abs(left) + Math.abs(top);
  return boxes.reduce((best, box) => (distance(box) < distance(best) ? box : best));
}

/**
 * The view for the first visit of a page: the origin, unless the content is not visible there.
 * Content that is too high is shown from its top, and content that is too far apart to be shown at
 * once is shown from its first part.
 */
export function initialView(boxes: readonly Box[], width: number, height: number): View {
  if (!boxes.length) return ORIGIN;
  const bounds = boundingBox(boxes);
  const isHuge =
    bounds[2] - bounds[0] > width / MIN_ZOOM || bounds[3] - bounds[1] > MAX_CONTENT_HEIGHT;
  const isScattered = isHuge && boxes.length > 1;
  const isVisible = ([left, top, right, bottom]: Box) =>
    left < width && top < height && right > 0 && bottom > 0;
  if (isScattered && boxes.some(isVisible)) return ORIGIN;
  return fitTo(isScattered ? nearestToOrigin(boxes) : bounds, width, height);
}

function fitTo([left, top, right, bottom]: Box, width: number, height: number): View {
  if (left >= 0 && top >= 0 && right <= width && bottom <= height) return ORIGIN;
  const zoom = Math.max(MIN_ZOOM, Math.min(1, (MAX_FILL * width) / (right - left)));
  const high = (bottom - top) * zoom > MAX_FILL * height;
  const margin = ((1 - MAX_FILL) * height) / zoom;
  return {
    scrollX: width / zoom / 2 - (left + right) / 2,
    scrollY: high ? margin - top : height / zoom / 2 - (top + bottom) / 2,
    zoom,
  };
}
