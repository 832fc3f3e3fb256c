import {
  Calendar,
  type CalendarOptions,
  type DateSelectInfo,
  type DayHeaderInfo,
  type EventApi,
  type EventInput,
  type EventSourceFuncInfo,
} from "fullcalendar";
import dayGrid from "fullcalendar/daygrid";
import interaction from "fullcalendar/interaction";
import list from "fullcalendar/list";
import en from "fullcalendar/locales/en-gb";
import uk from "fullcalendar/locales/uk";
import theme from "fullcalendar/themes/classic";
import timeGrid from "fullcalendar/timegrid";
import { gettext } from "../shared/gettext";
import { fromLocalInput } from "../shared/time";
import { resolveZone } from "../shared/zones";
import { accessibleMarkup } from "./a11y";
import { type App, failureNotice } from "./app";
import type { Config } from "./config";
import { openCreateDialog } from "./dialogs/create";
import { openLessonCard } from "./dialogs/lesson-card";
import { h } from "./dom";
import { saveMove } from "./drag-and-drop";
import { eventClass, eventContent, lessonOf, toEvent } from "./event-content";
import { VIEWS, type ViewState } from "./view-state";

const MAX_LESSON_MS = 12 * 3_600_000;
const SNAP_MINUTES = 15;
/** Pixels: of half an hour, and of a lesson with room for a line and two edges. */
const SLOT_HEIGHT = 29;
const MAX_SLOT_HEIGHT = 96;
const EVENT_HEIGHT = 24;
const WEEK_TITLE = { day: "numeric", month: "long", year: "numeric" } as const;
const DAY_HEADER = { weekday: "short", day: "numeric" } as const;

/** The time grid scrolls within the window; month and list views take their full height. */
function heightOf(view: string): string {
  return view.startsWith("timeGrid") ? "var(--kr-grid-height)" : "auto";
}

export interface CalendarCallbacks {
  isShowingCancelled: () => boolean;
  onDatesChange: () => void;
  onLessonsShown: () => void;
  onLoaded: () => void;
}

export function createCalendar(
  element: HTMLElement,
  app: App,
  state: ViewState,
  callbacks: CalendarCallbacks,
): Calendar {
  const { config } = app;
  return new Calendar(element, {
    plugins: [theme, timeGrid, dayGrid, list, interaction],
    initialView: VIEWS[state.view],
    ...(state.date && { initialDate: state.date }),
    timeZone: resolveZone(config.userTimezone),
    locales: [uk, en],
    locale: config.locale === "en" ? "en-gb" : config.locale,
    events: (range: EventSourceFuncInfo) => loadEvents(app, range, callbacks.isShowingCancelled()),
    height: heightOf(VIEWS[state.view]),
    datesSet: ({ view }) => {
      view.calendar.setOption("height", heightOf(view.type));
      callbacks.onDatesChange();
    },
    eventsSet: callbacks.onLessonsShown,
    loading: (isLoading) => isLoading || callbacks.onLoaded(),
    ...appearance(config),
    ...accessibleMarkup,
    ...labels(),
    ...(config.role === "tutor" ? tutorOptions(app) : {}),
    eventClick: (info) => {
      info.jsEvent.preventDefault();
      const lesson = lessonOf(info);
      if (lesson) openLessonCard(app, lesson);
    },
  });
}

function appearance(config: Config): CalendarOptions {
  return {
    headerToolbar: {
      start: "prev,next today",
      center: "title",
      end: Object.values(VIEWS).join(","),
    },
    views: {
      [VIEWS.week]: { titleFormat: WEEK_TITLE, dayHeaderFormat: DAY_HEADER },
      [VIEWS.agenda]: { titleFormat: WEEK_TITLE },
    },
    allDaySlot: false,
    nowIndicator: true,
    scrollTime: "08:00",
    slotDuration: "00:30",
    scrollTimeReset: false,
    slotMinHeight: SLOT_HEIGHT,
    snapDuration: { minutes: SNAP_MINUTES },
    eventMinHeight: 16,
    eventShortHeight: 44,
    slotEventOverlap: false,
    dayMaxEvents: 4,
    aspectRatio: 1.9,
    eventDisplay: "block",
    eventInteractive: true,
    navLinks: false,
    eventTimeFormat: { hour: "2-digit", minute: "2-digit", hour12: false },
    slotHeaderFormat: { hour: "2-digit", minute: "2-digit", hour12: false },
    headerToolbarClass: "kr-toolbar",
    toolbarTitleClass: "kr-title",
    buttonGroupClass: "kr-button-group",
    buttonClass: (info) =>
      info.isSelected ? "kr-toolbar-button kr-selected" : "kr-toolbar-button",
    viewClass: "kr-view",
    dayHeaderClass: "kr-day-header",
    dayHeaderContent: dayHeader,
    slotHeaderClass: "kr-slot-header",
    listDayHeaderInnerClass: "kr-list-day",
    eventClass: (info) => eventClass(info, config),
    eventContent: (info) => eventContent(info, config),
  };
}

/** On narrow columns FullCalendar would show only the weekday's first letter and no date. */
function dayHeader({ date, dayNumberText, isNarrow, text, view }: DayHeaderInfo) {
  if (!isNarrow) return text;
  const weekday = view.calendar.formatDate(date, { weekday: "short" });
  const lines = h("div", { class: "kr-day-lines" }, h("span", {}, weekday), " ", dayNumberText);
  return { domNodes: [lines] };
}

function labels(): CalendarOptions {
  return {
    buttons: {
      [VIEWS.week]: { text: gettext("Week") },
      [VIEWS.day]: { text: gettext("Day") },
      [VIEWS.month]: { text: gettext("Month") },
      [VIEWS.agenda]: { text: gettext("Agenda") },
      today: { text: gettext("Today"), hint: gettext("Today") },
      prev: { hint: gettext("Previous") },
      next: { hint: gettext("Next") },
    },
    closeHint: gettext("Close"),
    popoverClass: "kr-more",
    moreLinkClass: "kr-more-link",
    noEventsText: gettext("No lessons on these days"),
  };
}

async function loadEvents(
  app: App,
  range: EventSourceFuncInfo,
  cancelled: boolean,
): Promise<EventInput[]> {
  try {
    const lessons = await app.api.lessons(range.start, range.end, cancelled);
    return lessons.map((lesson) => toEvent(lesson, app.config));
  } catch (error) {
    const notice = failureNotice(app, error, app.refetch);
    notice.text = [gettext("The lessons could not be loaded."), notice.text].join(" ");
    app.notices.show(notice);
    throw error;
  }
}

function tutorOptions(app: App): CalendarOptions {
  return {
    selectable: true,
    selectMirror: true,
    unselectAuto: false,
    eventDurationEditable: true,
    eventResizableFromStart: true,
    selectAllow: (span) =>
      span.allDay || span.end.getTime() - span.start.getTime() <= MAX_LESSON_MS,
    select: (info) => {
      const { start, minutes } = selectedTime(info, app.config.userTimezone);
      openCreateDialog(app, start, minutes, () => info.view.calendar.unselect());
    },
    eventDrop: (info) => saveMove(app, info),
    eventResize: (info) => saveMove(app, info),
  };
}

/** A click selects a whole day of the month or the shortest time of the grid, and leaves the duration open. */
function selectedTime(info: DateSelectInfo, zone: string): { start: Date; minutes: number | null } {
  if (info.allDay) {
    const start = fromLocalInput(`${info.startStr.slice(0, 10)}T10:00`, zone) ?? info.start;
    return { start, minutes: null };
  }
  const minutes = (info.end.getTime() - info.start.getTime()) / 60_000;
  return { start: info.start, minutes: minutes > SNAP_MINUTES ? minutes : null };
}

/** Half an hour's height, at which the shortest lesson on view is still tall enough to be resized. */
function slotHeight(events: EventApi[]): number {
  const minutes = events.map(({ start, end }) => (Number(end) - Number(start)) / 60_000);
  const shortest = Math.max(5, Math.min(30, ...minutes));
  return Math.min(MAX_SLOT_HEIGHT, Math.max(SLOT_HEIGHT, (EVENT_HEIGHT * 30) / shortest));
}

/** Returns whether the height of the slots has changed. */
export function fitSlotHeight(calendar: Calendar): boolean {
  const height = slotHeight(calendar.getEvents());
  const changes = height !== calendar.getOption("slotMinHeight");
  if (changes) calendar.setOption("slotMinHeight", height);
  return changes;
}
