/** Left, top, right and bottom. */
export type Bounds = readonly [number, number, number, number];

/** In pixels of the board. Scaled to a picture, a larger board would be too small to read. */
const MAX_EXTENT = 50_000;

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}

/**
 * The items that a picture of the board shows. One that is far from most others, drawn there by
 * mistake or on purpose, is left out, since everything else would be too small to see.
 */
export function leaveOutFarAway<T>(items: readonly T[], boundsOf: (item: T) => Bounds): T[] {
  const bounds = items.map(boundsOf);
  let [left, top, right, bottom] = [Infinity, Infinity, -Infinity, -Infinity];
  for (const b of bounds) {
    [left, top] = [Math.min(left, b[0]), Math.min(top, b[1])];
    [right, bottom] = [Math.max(right, b[2]), Math.max(bottom, b[3])];
  }
  if (right - left <= MAX_EXTENT && bottom - top <= MAX_EXTENT) return [...items];
  const x = median(bounds.map((b) => (b[0] + b[2]) / 2));
  const y = median(bounds.map((b) => (b[1] + b[3]) / 2));
  const far = MAX_EXTENT / 2;
  const near = items.filter((_, at) => {
    const b = bounds[at] as Bounds;
    return b[0] >= x - far && b[2] <= x + far && b[1] >= y - far && b[3] <= y + far;
  });
  return near.length ? near : [...items];
}
