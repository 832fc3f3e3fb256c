import { gettext } from "../shared/gettext";
import "fullcalendar/skeleton.css";
import "fullcalendar/themes/classic/theme.css";
import "./calendar.css";
import "./dialogs.css";
import type { Calendar } from "fullcalendar";
import { localDate } from "../shared/time";
import { createApi } from "./api";
import type { App } from "./app";
import { createCalendar } from "./calendar";
import { type Config, readConfig } from "./config";
import { h } from "./dom";
import { createLoadingIndicator, createNotices, createPopover } from "./notices";
import { createToolbar } from "./toolbar";
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

function mount(host: HTMLElement, config: Config): void {
  const fallback = defaultState(config);
  let state = readState(location.search, fallback);
  let calendar: Calendar;
  let opened = false;

  host.replaceChildren();
  const app = createApp(host, config, () => calendar.refetchEvents());

  const toolbar = createToolbar(config, (cancelled) => {
    pushState({ ...state, cancelled });
    calendar.refetchEvents();
  });
  const grid = h("div", { class: "kr-grid" });
  host.setAttribute("role", "region");
  host.setAttribute("aria-label", gettext("Lesson calendar"));
  host.classList.add("kr-calendar");
  host.append(toolbar.element, grid);

  function pushState(next: ViewState): void {
    const query = writeState(location.search, next);
    const changed = writeState("", next) !== writeState("", state);
    state = next;
    if (changed) history.pushState(null, "", query);
  }

  function onDatesChange(): void {
    app.popover.hide();
    const shown = shownState(calendar, state, config);
    // The initial view must not add a history entry.
    if (opened) pushState(shown);
    else state = shown;
    opened = true;
  }

  function restore(): void {
    state = readState(location.search, fallback);
    toolbar.checkbox.checked = state.cancelled;
    const date = state.date ?? localDate(new Date(), config.userTimezone);
    // The view already matches the URL, so onDatesChange adds no history entry.
    state = { ...state, date };
    calendar.changeView(VIEWS[state.view], date);
    calendar.refetchEvents();
  }

  toolbar.checkbox.checked = state.cancelled;
  calendar = createCalendar(grid, app, state, {
    isShowingCancelled: () => state.cancelled,
    onDatesChange,
  });
  calendar.render();
  window.addEventListener("popstate", restore);
}

const host = document.getElementById("calendar");
if (host) mount(host, readConfig());
