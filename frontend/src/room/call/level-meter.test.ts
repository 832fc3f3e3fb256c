import { expect, it } from "vitest";
import { loudness } from "./level-meter";

it("is nothing for silence, all for the loudest, and half way at half of the decibels", () => {
  expect(loudness(new Float32Array(8))).toBe(0);
  expect(loudness(new Float32Array(8).fill(1))).toBe(1);
  expect(loudness(new Float32Array(8).fill(10 ** (-30 / 20)))).toBeCloseTo(0.5);
});
