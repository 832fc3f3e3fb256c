import { expect, it } from "vitest";
import { loudness } from "./level-meter";

it("is 0 for silence, 1 for full scale and 0.5 at half of the decibel range", () => {
  expect(loudness(new Float32Array(8))).toBe(0);
  expect(loudness(new Float32Array(8).fill(1))).toBe(1);
  expect(loudness(new Float32Array(8).fill(10 ** (-30 / 20)))).toBeCloseTo(0.5);
});
