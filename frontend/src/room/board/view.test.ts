import { expect, it } from "vitest";
import { initialView } from "./view";

const WINDOW = [400, 800] as const;

it("is the origin while the content is visible from there", () => {
  const origin = { scrollX: 0, scrollY: 0, zoom: 1 };
  expect(initialView([], ...WINDOW)).toEqual(origin);
  expect(initialView([[10, 10, 300, 700]], ...WINDOW)).toEqual(origin);
});

it("scrolls to content that is elsewhere", () => {
  expect(initialView([[5000, -900, 5100, -800]], ...WINDOW)).toEqual({
    scrollX: 200 - 5050,
    scrollY: 400 + 850,
    zoom: 1,
  });
});

it("fits wide content and shows a long column from its top", () => {
  const { scrollX, scrollY, zoom } = initialView([[0, 0, 800, 60_000]], ...WINDOW);
  expect(zoom).toBeCloseTo(0.45);
  expect((0 + scrollX) * zoom).toBeCloseTo(20);
  expect((800 + scrollX) * zoom).toBeCloseTo(380);
  expect((0 + scrollY) * zoom).toBeCloseTo(80);
});

it("keeps a readable zoom", () => {
  expect(initialView([[0, 0, 90_000, 10]], ...WINDOW).zoom).toBe(0.3);
});

it("ignores a single element that is far away", () => {
  const stray = [1e6, 1e6, 1e6 + 10, 1e6 + 10] as const;
  const origin = { scrollX: 0, scrollY: 0, zoom: 1 };
  expect(initialView([stray, [10, 10, 300, 700]], ...WINDOW)).toEqual(origin);
  expect(initialView([stray, [5000, -900, 5100, -800]], ...WINDOW)).toEqual({
    scrollX: 200 - 5050,
    scrollY: 400 + 850,
    zoom: 1,
  });
});
