import type { Calendar } from "fullcalendar";
import { toLocalInput } from "../shared/time";
import { afterDrawing } from "./dom";

const STORAGE_KEY = "kreida.calendar.scroll";
/** Times of day in minutes. */
const MORNING = 8 * 60;
const EVENING = 20 * 60;
const DAY = 24 * 60;
const MARGIN = 30;

/** Keeps the scroll position of the hours between weeks and after a reload; starts at the first lesson. */
export class GridScroll {
  /** The time of day at the top, in minutes, once the user has scrolled or gone elsewhere. */
  private at: number | null;
  private scroller: HTMLElement | null = null;
  /** Until the user does something, the position follows the lessons that are being loaded. */
  private touched = false;

  constructor(
    private readonly grid: HTMLElement,
    private readonly zone: string,
  ) {
    this.at = readSaved();
    // Scroll events do not bubble.
    grid.addEventListener("scroll", (event) => this.onScroll(event), true);
    const touch = () => {
      this.touched = true;
      this.at ??= this.position();
    };
    for (const type of ["wheel", "pointerdown", "keydown"]) {
      grid.addEventListener(type, touch, { capture: true, passive: true });
    }
  }

  /** Called when lessons are shown; `resized` if that changed the height of the slots. */
  update(calendar: Calendar, resized: boolean): void {
    const scroller = findScroller(this.grid);
    const isNew = scroller !== this.scroller;
    this.scroller = scroller;
    if (!scroller || (this.touched && !isNew && !resized)) return;
    const first = Math.min(this.firstLesson(calendar) ?? MORNING + MARGIN, EVENING);
    const minutes = this.at ?? Math.max(0, first - MARGIN);
    calendar.scrollToTime({ minutes });
    // The new height is drawn later.
    if (resized) afterDrawing(() => calendar.scrollToTime({ minutes }));
  }

  private firstLesson(calendar: Calendar): number | null {
    const { currentStart, currentEnd } = calendar.view;
    const minutes = calendar.getEvents().flatMap(({ start }) => {
      if (!start || start < currentStart || start >= currentEnd) return [];
      const clock = toLocalInput(start, this.zone).slice(11);
      return [Number(clock.slice(0, 2)) * 60 + Number(clock.slice(3))];
    });
    return minutes.length ? Math.min(...minutes) : null;
  }

  private position(): number | null {
    const { scrollTop = 0, scrollHeight = 0 } = this.scroller ?? {};
    return scrollHeight ? Math.round((scrollTop / scrollHeight) * DAY) : null;
  }

  private onScroll({ target }: Event): void {
    if (!this.touched || target !== this.scroller || !this.scroller?.isConnected) return;
    this.at = this.position();
    if (this.at !== null) save(this.at);
  }
}

/** The element that scrolls the hours; FullCalendar gives it no name. */
function findScroller(grid: HTMLElement): HTMLElement | null {
  let element = grid.querySelector<HTMLElement>("[data-time]")?.parentElement ?? null;
  while (element && element !== grid && getComputedStyle(element).overflowY !== "auto") {
    element = element.parentElement;
  }
  return element === grid ? null : element;
}

/** The position of this page before it was reloaded or left; the storage may be blocked. */
function readSaved(): number | null {
  try {
    const saved = JSON.parse(sessionStorage.getItem(STORAGE_KEY) ?? "null") as unknown;
    return typeof saved === "number" ? saved : null;
  } catch {
    return null;
  }
}

function save(minutes: number): void {
  try {
    sessionStorage.setItem(STORAGE_KEY, String(minutes));
  } catch {
    // A reload then starts at the first lesson.
  }
}
