export interface Size {
  width: number;
  height: number;
}
export interface Point {
  x: number;
  y: number;
}
/** Where the content's corner is in the window, and its scale. */
export interface View extends Point {
  scale: number;
}

export const MAX_SCALE = 4;
const MARGIN = 8;

/** Shows the whole content, at its natural size if that fits. */
export function fitView(window: Size, content: Size): View {
  const width = Math.max(window.width - 2 * MARGIN, 1);
  const height = Math.max(window.height - 2 * MARGIN, 1);
  const scale = Math.min(width / content.width, height / content.height, 1);
  return keepInside({ x: 0, y: 0, scale }, window, content);
}

/** Zooms while the content under `at` stays where it is. */
export function zoomAt(view: View, at: Point, factor: number, window: Size, content: Size): View {
  const smallest = fitView(window, content).scale;
  const scale = Math.min(Math.max(view.scale * factor, smallest), MAX_SCALE);
  const moved = scale / view.scale;
  const x = at.x - (at.x - view.x) * moved;
  const y = at.y - (at.y - view.y) * moved;
  return keepInside({ x, y, scale }, window, content);
}

export function panBy(view: View, dx: number, dy: number, window: Size, content: Size): View {
  return keepInside({ ...view, x: view.x + dx, y: view.y + dy }, window, content);
}

function keepInside(view: View, window: Size, content: Size): View {
  return {
    scale: view.scale,
    x: keepAxisInside(view.x, content.width * view.scale, window.width),
    y: keepAxisInside(view.y, content.height * view.scale, window.height),
  };
}

/** Centres what fits; of what does not, no more than a margin beyond the edge is shown. */
function keepAxisInside(offset: number, content: number, window: number): number {
  if (content <= window) return (window - content) / 2;
  return Math.min(Math.max(offset, window - content - MARGIN), MARGIN);
}
