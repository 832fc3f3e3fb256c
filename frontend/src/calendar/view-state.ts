/** View and date are stored in the query string, so that Back works and URLs can be shared. */

export const VIEWS = {
  week: "timeGridWeek",
  day: "timeGridDay",
  month: "dayGridMonth",
  agenda: "listWeek",
} as const;

export type ViewName = keyof typeof VIEWS;

export interface ViewState {
  view: ViewName;
  /** `YYYY-MM-DD` in the user's zone; null means today. */
  date: string | null;
  cancelled: boolean;
}

export function isViewName(name: unknown): name is ViewName {
  return typeof name === "string" && Object.hasOwn(VIEWS, name);
}

export function viewNameOf(fullCalendarView: string): ViewName {
  const found = Object.entries(VIEWS).find(([, type]) => type === fullCalendarView);
  return found && isViewName(found[0]) ? found[0] : "week";
}

export function readState(search: string, fallback: ViewState): ViewState {
  const query = new URLSearchParams(search);
  const view = query.get("view");
  const date = query.get("date");
  return {
    view: isViewName(view) ? view : fallback.view,
    date: date && isDate(date) ? date : fallback.date,
    cancelled: query.has("cancelled") ? query.get("cancelled") === "1" : fallback.cancelled,
  };
}

/** Preserves the other query parameters. */
export function writeState(search: string, state: ViewState): string {
  const query = new URLSearchParams(search);
  query.set("view", state.view);
  if (state.date) query.set("date", state.date);
  else query.delete("date");
  if (state.cancelled) query.set("cancelled", "1");
  else query.delete("cancelled");
  return `?${query}`;
}

function isDate(text: string): boolean {
  return /^\d{4}-\d{2}-\d{2}$/.test(text) && !Number.isNaN(Date.parse(text));
}

/** The URL's date while the view [`from`, `to`) contains it, since FullCalendar may report another day of that week. */
export function dateInView(date: string | null, from: string, to: string): string | null {
  return date && date >= from && date < to ? date : null;
}
