import { expect, it } from "vitest";
import { type Bounds, leaveOutFarAway } from "./extent";

const shown = (...items: Bounds[]) => leaveOutFarAway(items, (item) => item);
const A: Bounds = [0, 0, 100, 100];
const B: Bounds = [9000, -9000, 9100, -8900];

it("shows all of an ordinary board", () => {
  expect(shown(A, B)).toEqual([A, B]);
});

it("leaves out what is far from most items, or larger than a picture can show", () => {
  const far: Bounds = [1e7, 1e7, 1e7 + 10, 1e7 + 10];
  const huge: Bounds = [-1e6, 0, 1e6, 10];
  expect(shown(far, A, B, huge, A)).toEqual([A, B, A]);
  expect(shown(far, far, far, A)).toEqual([far, far, far]);
});

it("shows a single item of any size", () => {
  expect(shown([-1e6, 0, 1e6, 10])).toHaveLength(1);
  expect(shown()).toEqual([]);
});
