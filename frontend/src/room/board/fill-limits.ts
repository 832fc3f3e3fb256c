/**
 * Hatching and dashes are drawn line by line, which blocks the browser for half a minute on an
 * enormous shape, so such shapes become solid.
 */
const MAX_LINES = 2000;
/** The cost of hatching is the number of lines times the number of sides. */
const MAX_CROSSINGS = 2_000_000;
const MAX_DASHES = 20_000;
/** Length of a dash and its gap in the thinnest stroke. */
const MIN_DASH_LENGTH = 7;

type Properties = Record<string, unknown>;

function lengthOf(element: Properties): number {
  const points = element.points as [number, number][] | undefined;
  if (!points) return 2 * (Math.abs(Number(element.width)) + Math.abs(Number(element.height)));
  let length = 0;
  for (let at = 1; at < points.length; at += 1) {
    const [[x, y], [left, top]] = [points[at] ?? [0, 0], points[at - 1] ?? [0, 0]];
    length += Math.hypot(x - left, y - top);
  }
  return length;
}

/** Actual extent of the shape, since a line's points may exceed its width and height. */
function extentOf(element: Properties): number {
  const points = element.points as [number, number][] | undefined;
  let extent = Math.abs(Number(element.width)) + Math.abs(Number(element.height));
  for (const [x, y] of points ?? []) extent = Math.max(extent, 2 * (Math.abs(x) + Math.abs(y)));
  return extent;
}

/** Replaces costly fill and stroke styles; mutates and returns the element. */
export function limitFill(element: Properties): Properties {
  const gap = Math.max(0.1, Math.round(Number(element.strokeWidth) * 4));
  const lines = extentOf(element) / gap;
  const sides = (element.points as unknown[] | undefined)?.length ?? 4;
  if (lines > MAX_LINES || lines * sides > MAX_CROSSINGS) element.fillStyle = "solid";
  if (lengthOf(element) / MIN_DASH_LENGTH > MAX_DASHES) element.strokeStyle = "solid";
  return element;
}
