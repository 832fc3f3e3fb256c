import { expect, it } from "vitest";
import { firstView } from "./view";

const WINDOW = [400, 800] as const;

it("looks where everybody does while nothing is out of sight", () => {
  const origin = { scrollX: 0, scrollY: 0, zoom: 1 };
  expect(firstView([], ...WINDOW)).toEqual(origin);
  expect(firstView([[10, 10, 300, 700]], ...WINDOW)).toEqual(origin);
});

it("goes to what is elsewhere", () => {
  expect(firstView([[5000, -900, 5100, -800]], ...WINDOW)).toEqual({
    scrollX: 200 - 5050,
    scrollY: 400 + 850,
    zoom: 1,
  });
});

it("makes what is wide fit, and begins a long column at its top", () => {
  const { scrollX, scrollY, zoom } = firstView([[0, 0, 800, 60_000]], ...WINDOW);
  expect(zoom).toBeCloseTo(0.45);
  expect((0 + scrollX) * zoom).toBeCloseTo(20);
  expect((800 + scrollX) * zoom).toBeCloseTo(380);
  expect((0 + scrollY) * zoom).toBeCloseTo(80);
});

it("stays readable", () => {
  expect(firstView([[0, 0, 90_000, 10]], ...WINDOW).zoom).toBe(0.3);
});

it("is not led astray by one element that lies far away", () => {
  const stray = [1e6, 1e6, 1e6 + 10, 1e6 + 10] as const;
  const origin = { scrollX: 0, scrollY: 0, zoom: 1 };
  expect(firstView([stray, [10, 10, 300, 700]], ...WINDOW)).toEqual(origin);
  expect(firstView([stray, [5000, -900, 5100, -800]], ...WINDOW)).toEqual({
    scrollX: 200 - 5050,
    scrollY: 400 + 850,
    zoom: 1,
  });
});
