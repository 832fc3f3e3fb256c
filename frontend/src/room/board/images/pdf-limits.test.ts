import { expect, it } from "vitest";
import { pageScale } from "./pdf-limits";

it.each([
  ["A4", 595, 842],
  ["A0", 2384, 3370],
  ["a roll of 20 m", 595, 56_700],
  ["a wide banner", 14_400, 100],
])("draws %s on a canvas that browsers allow", (_, width, height) => {
  const scale = pageScale(width, height, 1600);
  expect(width * scale).toBeLessThanOrEqual(1600.001);
  expect(Math.max(width, height) * scale).toBeLessThanOrEqual(8192.001);
  expect(width * height * scale ** 2).toBeLessThanOrEqual(16_000_001);
});

it("draws an ordinary page at the full width", () => {
  expect(595 * pageScale(595, 842, 1600)).toBeCloseTo(1600);
});
