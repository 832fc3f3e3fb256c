export interface View {
  scrollX: number;
  scrollY: number;
  zoom: number;
}

type Box = readonly [left: number, top: number, right: number, bottom: number];

const ORIGIN: View = { scrollX: 0, scrollY: 0, zoom: 1 };
/** Smaller than this nothing can be read. */
const SMALLEST = 0.3;
/** The part of the window that what is on the page may fill. */
const SHARE = 0.9;

/**
 * Where to look at a page for the first time: at the same place as everybody, unless what is on it
 * would not be seen from there. What is too high begins at the top.
 */
export function firstView(box: Box | null, width: number, height: number): View {
  if (!box) return ORIGIN;
  const [left, top, right, bottom] = box;
  if (left >= 0 && top >= 0 && right <= width && bottom <= height) return ORIGIN;
  const zoom = Math.max(SMALLEST, Math.min(1, (SHARE * width) / (right - left)));
  const high = (bottom - top) * zoom > SHARE * height;
  const margin = ((1 - SHARE) * height) / zoom;
  return {
    scrollX: width / zoom / 2 - (left + right) / 2,
    scrollY: high ? margin - top : height / zoom / 2 - (top + bottom) / 2,
    zoom,
  };
}
