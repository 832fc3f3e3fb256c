import type { Calendar } from "fullcalendar";
import { gettext, interpolate } from "../shared/gettext";
import { formatDayAndTime, fromLocalInput, localDate, toLocalInput } from "../shared/time";
import type { Config } from "./config";
import { h } from "./dom";

const HALF_HOUR_MS = 1_800_000;
const DAY_MS = 86_400_000;
const MORNING = "10:00";

/**
 * A button that stands on one slot of the grid while it has the focus, so that free time can be reached without a
 * mouse. Arrow keys move it, Enter schedules a lesson there.
 */
export class SlotCursor {
  readonly element = h("button", { type: "button", class: "kr-slot-cursor" });
  private readonly status = h("span", { class: "visually-hidden", "aria-live": "polite" });
  private readonly label = h("span", { class: "visually-hidden" });
  /** The wall-clock time of the slot, as `2027-01-04T10:00`. */
  private slot = "";

  constructor(
    private readonly calendar: Calendar,
    private readonly grid: HTMLElement,
    private readonly config: Config,
    onChoose: (start: Date) => void,
  ) {
    this.element.append(this.label, this.status);
    this.element.addEventListener("focus", () => this.moveTo(this.firstSlot()));
    this.element.addEventListener("keydown", (event) => this.onKeyDown(event));
    this.element.addEventListener("click", () => {
      const start = this.instant();
      if (start) onChoose(start);
    });
    this.label.textContent = gettext("Schedule in a free slot; the arrow keys choose it");
  }

  /** The list of lessons has no slots. */
  update(): void {
    this.element.hidden = this.calendar.view.type.startsWith("list");
  }

  /** The next full hour if it is on view, else the first day's morning. */
  firstSlot(): string {
    const { currentStart, currentEnd } = this.calendar.view;
    const next = new Date(Math.ceil(Date.now() / (2 * HALF_HOUR_MS)) * 2 * HALF_HOUR_MS);
    if (this.slot && this.isOnView(this.slot)) return this.slot;
    if (next >= currentStart && next < currentEnd && !this.isMonth) return this.local(next);
    const first = Date.now() > currentStart.getTime() && next < currentEnd ? next : currentStart;
    return `${localDate(first, this.config.userTimezone)}T${MORNING}`;
  }

  private get isMonth(): boolean {
    return this.calendar.view.type.startsWith("dayGrid");
  }

  private local(instant: Date): string {
    return toLocalInput(instant, this.config.userTimezone);
  }

  private instant(): Date | null {
    return fromLocalInput(this.slot, this.config.userTimezone);
  }

  private isOnView(slot: string): boolean {
    const at = fromLocalInput(slot, this.config.userTimezone);
    const { currentStart, currentEnd } = this.calendar.view;
    return at !== null && at >= currentStart && at < currentEnd;
  }

  private onKeyDown(event: KeyboardEvent): void {
    const step = this.steps()[event.key];
    if (!step) return;
    event.preventDefault();
    // As UTC, since the wall clock has no jumps there.
    const moved = new Date(Date.parse(`${this.slot}Z`) + step).toISOString().slice(0, 16);
    if (!this.isOnView(moved)) this.calendar.gotoDate(moved.slice(0, 10));
    this.moveTo(moved);
  }

  private steps(): Record<string, number> {
    const vertical = this.isMonth ? 7 * DAY_MS : HALF_HOUR_MS;
    return {
      ArrowLeft: -DAY_MS,
      ArrowRight: DAY_MS,
      ArrowUp: -vertical,
      ArrowDown: vertical,
    };
  }

  private moveTo(slot: string): void {
    this.slot = slot;
    const start = this.instant();
    if (start) this.status.textContent = this.describe(start);
    this.place();
  }

  private describe(start: Date): string {
    const { userTimezone, locale } = this.config;
    const when = formatDayAndTime(start, userTimezone, locale);
    const end = new Date(start.getTime() + HALF_HOUR_MS);
    const taken = this.calendar
      .getEvents()
      .find((event) => event.start && event.end && event.start < end && event.end > start);
    if (!taken) return interpolate(gettext("Free slot: %(when)s"), { when });
    return interpolate(gettext("Taken: %(when)s, %(lesson)s"), { when, lesson: taken.title });
  }

  private place(): void {
    const [date, time] = this.slot.split("T");
    const cell = this.grid.querySelector(`[role=gridcell][data-date="${date}"]`);
    const row = this.grid.querySelector(`[data-time="${time}:00"]`);
    row?.scrollIntoView({ block: "nearest" });
    const host = this.element.parentElement;
    if (!cell || !host) return;
    const [box, line, origin] = [cell, row ?? cell, host].map((e) => e.getBoundingClientRect());
    if (!box || !line || !origin) return;
    Object.assign(this.element.style, {
      insetInlineStart: `${box.left - origin.left}px`,
      insetBlockStart: `${line.top - origin.top}px`,
      inlineSize: `${box.width}px`,
      blockSize: `${line.height}px`,
    });
  }
}
