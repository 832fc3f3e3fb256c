/** The values on which the drawing of an element depends; equal if all are identical. */
export type Appearance = readonly unknown[];

/** Elements at the end that the layer leaves out, since they are the ones that are being drawn. */
export const LAST_ELEMENTS = 32;
/** The layer is stored again when it can hold at least so many more elements. */
export const MIN_GROWTH = 32;

export interface Plan {
  /** How many of the first elements look as in the last frame. */
  unchanged: number;
  /** How many of the first elements the layer shows; 0 when it is outdated. */
  reused: number;
  /** How many of the first elements are on the canvas when it is stored as the layer, if it is. */
  stored: number | null;
}

/**
 * Decides which of the elements, in the order of drawing, need to be drawn. The layer holds the
 * first elements of the last frame, and is outdated when one of them looks different.
 */
export class LayerPlan {
  #view: Appearance = [];
  #last: readonly Appearance[] = [];
  #length = 0;

  /** Whether the view is another one than in the last frame, of which nothing is left then. */
  isNewView(view: Appearance): boolean {
    const isNew = !isSame(view, this.#view);
    if (isNew) this.reset();
    this.#view = view;
    return isNew;
  }

  /** The plan of the next frame in this view. */
  next(elements: readonly Appearance[]): Plan {
    const unchanged = countUnchanged(this.#last, elements);
    const reused = this.#length <= unchanged ? this.#length : 0;
    // In the first frame that is compared, all may be there to stay.
    const lasting = this.#last.length > 0 ? unchanged : elements.length;
    const possible = Math.min(lasting, elements.length - LAST_ELEMENTS);
    const stored = possible - reused >= MIN_GROWTH ? possible : null;
    this.#length = stored ?? reused;
    return { unchanged, reused, stored };
  }

  /** Records how the elements were drawn. */
  record(elements: readonly Appearance[]): void {
    this.#last = elements;
  }

  reset(): void {
    this.#view = [];
    this.#last = [];
    this.#length = 0;
  }
}

function countUnchanged(last: readonly Appearance[], elements: readonly Appearance[]): number {
  const changed = elements.findIndex((element, at) => !isSame(element, last[at]));
  return changed === -1 ? elements.length : changed;
}

function isSame(a: Appearance, b: Appearance | undefined): boolean {
  return a.length === b?.length && a.every((value, at) => Object.is(value, b[at]));
}
