import { gettext } from "../shared/gettext";
import "fullcalendar/skeleton.css";
import "fullcalendar/themes/classic/theme.css";
import "./calendar.css";
import "./events.css";
import "./dialogs.css";
import type { Calendar } from "fullcalendar";
import { fromLocalInput, localDate } from "../shared/time";
import { createApi } from "./api";
import type { App } from "./app";
import { createCalendar, fitSlotHeight } from "./calendar";
import { type Config, readConfig } from "./config";
import { openCreateDialog } from "./dialogs/create";
import { afterDrawing, h } from "./dom";
import { GridScroll } from "./grid-scroll";
import { createLoadingIndicator, createNotices, createPopover } from "./notices";
import { SlotCursor } from "./slot-cursor";
import { createToolbar, type Toolbar } from "./toolbar";
import {
  dateInView,
  isViewName,
  readState,
  VIEWS,
  type ViewState,
  viewNameOf,
  writeState,
} from "./view-state";

const PHONE_QUERY = "(max-width: 40rem)";

/** On a phone a tutor starts with the day view and a student with the agenda. */
function defaultState(config: Config): ViewState {
  const phone = config.role === "tutor" ? "day" : "agenda";
  const wide = isViewName(config.initialView) ? config.initialView : "week";
  return {
    view: matchMedia(PHONE_QUERY).matches ? phone : wide,
    date: config.initialDate ?? null,
    cancelled: false,
  };
}

function createApp(host: HTMLElement, config: Config, refetch: () => void): App {
  return {
    config,
    api: createApi(config.csrfToken, createLoadingIndicator(host)),
    notices: createNotices(),
    popover: createPopover(),
    refetch,
  };
}

function shownDate(calendar: Calendar, { date }: ViewState, { userTimezone }: Config): string {
  const day = (instant: Date) => localDate(instant, userTimezone);
  const { currentStart, currentEnd } = calendar.view;
  return dateInView(date, day(currentStart), day(currentEnd)) ?? day(calendar.getDate());
}

function shownState(calendar: Calendar, state: ViewState, config: Config): ViewState {
  const view = viewNameOf(calendar.view.type);
  return { ...state, view, date: shownDate(calendar, state, config) };
}

/** The calendar's page: keeps the URL, the grid and the controls in step. */
class CalendarPage {
  private readonly app: App;
  private readonly calendar: Calendar;
  private readonly toolbar: Toolbar;
  private readonly scroll: GridScroll;
  private readonly cursor: SlotCursor;
  private readonly fallback: ViewState;
  private readonly grid = h("div", { class: "kr-grid" });
  private state: ViewState;
  private opened = false;

  constructor(
    host: HTMLElement,
    private readonly config: Config,
  ) {
    this.fallback = defaultState(config);
    this.state = readState(location.search, this.fallback);
    host.replaceChildren();
    this.app = createApp(host, config, () => this.calendar.refetchEvents());
    host.classList.add("kr-first-load");
    const grid = this.grid;
    this.toolbar = createToolbar(
      config,
      (cancelled) => this.showCancelled(cancelled),
      () => this.newLesson(),
    );
    this.toolbar.checkbox.checked = this.state.cancelled;
    this.scroll = new GridScroll(grid, config.userTimezone);
    this.calendar = createCalendar(grid, this.app, this.state, {
      isShowingCancelled: () => this.state.cancelled,
      onDatesChange: () => this.onDatesChange(),
      onLessonsShown: () => this.scroll.update(this.calendar, fitSlotHeight(this.calendar)),
      onLoaded: () => afterDrawing(() => host.classList.remove("kr-first-load")),
    });
    this.cursor = new SlotCursor(this.calendar, grid, config, (start) => this.create(start));
    const isTutor = config.role === "tutor";
    host.append(this.toolbar.element, ...(isTutor ? [this.cursor.element] : []), grid);
  }

  render(): void {
    // Hide the first drawing, or the page jumps.
    this.grid.style.visibility = "hidden";
    this.calendar.render();
    afterDrawing(() => this.grid.style.removeProperty("visibility"));
    window.addEventListener("popstate", () => this.restore());
  }

  private create(start: Date): void {
    openCreateDialog(this.app, start, null);
  }

  private newLesson(): void {
    const start = fromLocalInput(this.cursor.firstSlot(), this.config.userTimezone);
    this.create(start ?? new Date());
  }

  private showCancelled(cancelled: boolean): void {
    this.pushState({ ...this.state, cancelled });
    this.calendar.refetchEvents();
  }

  private pushState(next: ViewState): void {
    const query = writeState(location.search, next);
    const changed = writeState("", next) !== writeState("", this.state);
    this.state = next;
    if (changed) history.pushState(null, "", query);
  }

  private onDatesChange(): void {
    this.app.popover.hide();
    this.cursor.update();
    const shown = shownState(this.calendar, this.state, this.config);
    // The initial view must not add a history entry.
    if (this.opened) this.pushState(shown);
    else this.state = shown;
    this.opened = true;
  }

  private restore(): void {
    this.state = readState(location.search, this.fallback);
    this.toolbar.checkbox.checked = this.state.cancelled;
    const date = this.state.date ?? localDate(new Date(), this.config.userTimezone);
    // The view already matches the URL, so onDatesChange adds no history entry.
    this.state = { ...this.state, date };
    this.calendar.changeView(VIEWS[this.state.view], date);
    this.calendar.refetchEvents();
  }
}

function mount(host: HTMLElement): void {
  host.setAttribute("role", "region");
  host.setAttribute("aria-label", gettext("Lesson calendar"));
  host.classList.add("kr-calendar");
  new CalendarPage(host, readConfig()).render();
}

const host = document.getElementById("calendar");
if (host) mount(host);
