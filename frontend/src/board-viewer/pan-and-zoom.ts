import { fitView, type Point, panBy, type Size, type View, zoomAt } from "./view";

const STEP = 60; // pixels of an arrow key
export const ZOOM_STEP = 1.25;
const LINE = 16; // pixels of a wheel that counts lines

/** Moves a canvas within its window by mouse, wheel, fingers and keys. */
export class PanAndZoom {
  private view: View = { x: 0, y: 0, scale: 1 };
  private content: Size = { width: 1, height: 1 };
  private fits = true;
  private canvas: HTMLCanvasElement | undefined;
  private readonly pointers = new Map<number, Point>();

  constructor(
    private readonly window: HTMLElement,
    private readonly onChange: (scale: number) => void,
  ) {
    window.addEventListener("wheel", (event) => this.onWheel(event), { passive: false });
    window.addEventListener("keydown", (event) => this.onKeyDown(event));
    window.addEventListener("pointerdown", (event) => this.onPointerDown(event));
    window.addEventListener("pointermove", (event) => this.onPointerMove(event));
    for (const end of ["pointerup", "pointercancel", "lostpointercapture"] as const) {
      window.addEventListener(end, (event) => this.pointers.delete(event.pointerId));
    }
    new ResizeObserver(() => this.onResize()).observe(window);
  }

  /** `naturalScale`: pixels of the canvas per pixel of the page at 100 %. */
  show(canvas: HTMLCanvasElement, naturalScale: number): void {
    this.canvas = canvas;
    this.content = { width: canvas.width / naturalScale, height: canvas.height / naturalScale };
    this.window.replaceChildren(canvas);
    this.fit();
  }

  /** Has nothing to move any more. */
  clear(): void {
    this.canvas = undefined;
  }

  fit(): void {
    this.fits = true;
    this.apply(fitView(this.size, this.content));
  }

  zoom(factor: number, at?: Point): void {
    const { width, height } = this.size;
    const centre = { x: width / 2, y: height / 2 };
    this.change(zoomAt(this.view, at ?? centre, factor, this.size, this.content));
  }

  private pan(dx: number, dy: number): void {
    this.change(panBy(this.view, dx, dy, this.size, this.content));
  }

  private get size(): Size {
    return { width: this.window.clientWidth, height: this.window.clientHeight };
  }

  private change(view: View): void {
    this.fits = false;
    this.apply(view);
  }

  private apply(view: View): void {
    this.view = view;
    if (!this.canvas) return;
    this.canvas.style.width = `${this.content.width}px`;
    this.canvas.style.transform = `translate(${view.x}px, ${view.y}px) scale(${view.scale})`;
    this.onChange(view.scale);
  }

  private onResize(): void {
    if (this.fits) this.fit();
    else this.pan(0, 0);
  }

  private onWheel(event: WheelEvent): void {
    const unit = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? LINE : 1;
    const [dx, dy] = [event.deltaX * unit, event.deltaY * unit];
    const before = this.view;
    if (event.ctrlKey || event.metaKey) {
      this.zoom(2 ** (-Math.max(-100, Math.min(dy, 100)) / 100), this.pointOf(event));
      event.preventDefault(); // or the browser zooms the whole page
      return;
    }
    this.pan(event.shiftKey ? -dy : -dx, event.shiftKey ? 0 : -dy);
    // At its edge the wheel scrolls the page that the board is on.
    if (before.x !== this.view.x || before.y !== this.view.y) event.preventDefault();
  }

  private onKeyDown(event: KeyboardEvent): void {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const actions: Record<string, () => void> = {
      ArrowLeft: () => this.pan(STEP, 0),
      ArrowRight: () => this.pan(-STEP, 0),
      ArrowUp: () => this.pan(0, STEP),
      ArrowDown: () => this.pan(0, -STEP),
      "+": () => this.zoom(ZOOM_STEP),
      "=": () => this.zoom(ZOOM_STEP),
      "-": () => this.zoom(1 / ZOOM_STEP),
      "0": () => this.fit(),
    };
    const action = actions[event.key];
    if (!action) return;
    action();
    event.preventDefault();
  }

  private onPointerDown(event: PointerEvent): void {
    if (event.pointerType === "mouse" && event.button !== 0) return;
    this.pointers.set(event.pointerId, this.pointOf(event));
    this.window.setPointerCapture(event.pointerId);
  }

  private onPointerMove(event: PointerEvent): void {
    const before = this.pointers.get(event.pointerId);
    if (!before) return;
    const now = this.pointOf(event);
    const other = [...this.pointers].find(([id]) => id !== event.pointerId)?.[1];
    this.pointers.set(event.pointerId, now);
    if (!other) {
      this.pan(now.x - before.x, now.y - before.y);
      return;
    }
    // With two fingers, the page moves by half of what one of them has moved.
    this.pan((now.x - before.x) / 2, (now.y - before.y) / 2);
    const centre = { x: (now.x + other.x) / 2, y: (now.y + other.y) / 2 };
    this.zoom(distance(now, other) / Math.max(distance(before, other), 1), centre);
  }

  private pointOf(event: MouseEvent): Point {
    const box = this.window.getBoundingClientRect();
    return {
      x: event.clientX - box.left - this.window.clientLeft,
      y: event.clientY - box.top - this.window.clientTop,
    };
  }
}

function distance(a: Point, b: Point): number {
  return Math.hypot(a.x - b.x, a.y - b.y);
}
