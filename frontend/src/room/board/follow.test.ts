import { expect, it } from "vitest";
import { isMoved, viewOf, visibleBox } from "./follow";

const LAPTOP = { scrollX: 100, scrollY: -50, zoom: 2, width: 1200, height: 800 };

it("shows all of the tutor's view, centred, on a smaller screen", () => {
  const box = visibleBox(LAPTOP);
  expect(box).toEqual([-100, 50, 500, 450]);
  const { scrollX, scrollY, zoom } = viewOf([-100, 50, 500, 450], 300, 600);
  expect(zoom).toBe(0.5);
  expect([(-100 + scrollX) * zoom, (500 + scrollX) * zoom]).toEqual([0, 300]);
  expect([(50 + scrollY) * zoom, (450 + scrollY) * zoom]).toEqual([200, 400]);
});

it("gives the same view on a screen of the same size", () => {
  const { width, height, ...view } = LAPTOP;
  expect(viewOf([-100, 50, 500, 450], width, height)).toEqual(view);
  expect(isMoved(view, { ...view, scrollX: view.scrollX + 0.5 })).toBe(false);
  expect(isMoved(view, { ...view, zoom: view.zoom * 1.1 })).toBe(true);
});

it("has no visible box before the canvas has a size", () => {
  expect(visibleBox({ ...LAPTOP, width: 0 })).toBeNull();
});

it("keeps the zoom within Excalidraw's limits", () => {
  expect(viewOf([0, 0, 1e7, 1e7], 300, 600).zoom).toBe(0.1);
  expect(viewOf([0, 0, 1, 1], 300, 600).zoom).toBe(30);
});
