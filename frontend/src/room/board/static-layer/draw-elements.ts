import type { NonDeletedExcalidrawElement } from "@excalidraw/excalidraw/element/types";
import {
  appearance,
  type DrawingCaches,
  isSpecial,
  type StaticScene,
  viewAppearance,
} from "./appearance";
import { LayerPlan } from "./layer-plan";

const layers = new WeakMap<HTMLCanvasElement, StaticLayer>();

/**
 * Draws the elements of Excalidraw's static canvas, on which the background has been drawn. A build
 * patch calls it in place of Excalidraw's loop over the elements (see ADR 21).
 */
export function drawElements(
  scene: StaticScene,
  caches: DrawingCaches,
  elements: readonly NonDeletedExcalidrawElement[],
  draw: (element: NonDeletedExcalidrawElement) => void,
): void {
  if (scene.renderConfig.isExporting) {
    elements.forEach(draw);
    return;
  }
  const layer = layers.get(scene.canvas) ?? new StaticLayer(scene.canvas);
  layers.set(scene.canvas, layer);
  layer.draw(scene, caches, elements, draw);
}

/** A bitmap of the canvas as it was after its first elements, so that these need no drawing again. */
class StaticLayer {
  #plan = new LayerPlan();
  #bitmap: HTMLCanvasElement | null = null;

  constructor(private readonly canvas: HTMLCanvasElement) {}

  draw(
    scene: StaticScene,
    caches: DrawingCaches,
    elements: readonly NonDeletedExcalidrawElement[],
    draw: (element: NonDeletedExcalidrawElement) => void,
  ): void {
    if (isSpecial(scene)) this.#plan.reset();
    // While the view moves, no frame has anything in common with the one before.
    if (isSpecial(scene) || this.#plan.isNewView(viewAppearance(scene))) {
      elements.forEach(draw);
      return;
    }
    const look = (element: NonDeletedExcalidrawElement) => appearance(element, scene, caches);
    const before = elements.map(look);
    const { unchanged, reused, stored } = this.#plan.next(before);
    if (reused && this.#bitmap) copy(this.#bitmap, this.canvas);
    if (stored !== null) {
      elements.slice(reused, stored).forEach(draw);
      this.#store();
    }
    elements.slice(stored ?? reused).forEach(draw);
    // Drawing fills the caches, so that the appearance is known only now.
    this.#plan.record(before.slice(0, unchanged).concat(elements.slice(unchanged).map(look)));
  }

  #store(): void {
    const { width, height } = this.canvas;
    this.#bitmap ??= this.#createBitmap();
    if (this.#bitmap.width !== width) this.#bitmap.width = width;
    if (this.#bitmap.height !== height) this.#bitmap.height = height;
    copy(this.canvas, this.#bitmap);
  }

  #createBitmap(): HTMLCanvasElement {
    const bitmap = document.createElement("canvas");
    bitmap.addEventListener("contextlost", () => this.#plan.reset());
    return bitmap;
  }
}

function copy(from: HTMLCanvasElement, to: HTMLCanvasElement): void {
  const context = to.getContext("2d");
  if (!context) throw new Error("No 2D context");
  context.save();
  context.setTransform(1, 0, 0, 1, 0, 0);
  context.globalAlpha = 1;
  context.globalCompositeOperation = "copy";
  context.imageSmoothingEnabled = false;
  context.drawImage(from, 0, 0);
  context.restore();
}
