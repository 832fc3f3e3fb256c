import { expect, it } from "vitest";
import { fitView, MAX_SCALE, panBy, zoomAt } from "./view";

const WINDOW = { width: 416, height: 316 };
const CONTENT = { width: 800, height: 600 };

it("fits the whole page and centres it", () => {
  expect(fitView(WINDOW, CONTENT)).toEqual({ scale: 0.5, x: 8, y: 8 });
  expect(fitView(WINDOW, { width: 100, height: 100 })).toEqual({ scale: 1, x: 158, y: 108 });
});

it("keeps the point under the pointer while zooming", () => {
  const view = zoomAt(fitView(WINDOW, CONTENT), { x: 108, y: 58 }, 2, WINDOW, CONTENT);
  expect(view).toEqual({ scale: 1, x: -92, y: -42 });
});

it("zooms no further than the limits", () => {
  const fitting = fitView(WINDOW, CONTENT);
  const at = { x: 200, y: 150 };
  expect(zoomAt(fitting, at, 1000, WINDOW, CONTENT).scale).toBe(MAX_SCALE);
  expect(zoomAt(fitting, at, 0.001, WINDOW, CONTENT)).toEqual(fitting);
});

it("moves no further than the edges of the page", () => {
  const view = { scale: 1, x: 0, y: 0 };
  expect(panBy(view, 9999, 9999, WINDOW, CONTENT)).toMatchObject({ x: 8, y: 8 });
  expect(panBy(view, -9999, -9999, WINDOW, CONTENT)).toMatchObject({ x: -392, y: -292 });
});
