import type { Box } from "./view";

const GAP = 24;

function overlaps(a: Box, b: Box): boolean {
  return a[0] < b[2] && b[0] < a[2] && a[1] < b[3] && b[1] < a[3];
}

/** The top of a box in the column of `wanted` that covers none of `obstacles`: there or further down. */
export function freeTop(wanted: Box, obstacles: readonly Box[]): number {
  const [left, top, right, bottom] = wanted;
  const height = bottom - top;
  const inColumn = obstacles
    .filter((box) => box[0] < right && left < box[2])
    .sort((a, b) => a[1] - b[1]);
  let free = top;
  for (const box of inColumn) {
    if (overlaps([left, free, right, free + height], box)) free = box[3] + GAP;
  }
  return free;
}
