import type { CalendarOptions } from "fullcalendar";

/**
 * Fixes what axe-core reports in FullCalendar 7.1's own markup. Each attribute is changed once, when its element
 * is added: FullCalendar sets it again only when its value changes.
 */
export const accessibleMarkup: CalendarOptions = {
  // A header whose text is hidden from screen readers counts as empty; its accessible name must start with the visible text.
  dayHeaderDidMount: ({ el }) => {
    const text = el.querySelector("[aria-hidden]");
    text?.removeAttribute("aria-hidden");
    const date = el.getAttribute("aria-label");
    if (date) el.setAttribute("aria-label", `${text?.textContent ?? ""}, ${date}`);
  },
  // The empty header before the hours is labelled "Timed" in English, but needs no name.
  viewDidMount: ({ el }) => {
    for (const empty of el.querySelectorAll('[role="rowheader"]:empty')) {
      empty.setAttribute("role", "gridcell");
      empty.removeAttribute("aria-label");
    }
    makeHoursFocusable(el);
  },
  // A cell labelled by its date hides its lessons from screen readers, so the date becomes its description.
  dayCellDidMount: ({ el }) => {
    const date = el.getAttribute("aria-label");
    if (!date) return;
    el.removeAttribute("aria-label");
    el.setAttribute("aria-description", date);
  },
  // A list may only contain list items, and these are buttons.
  eventDidMount: ({ el }) => {
    const list = el.parentElement;
    if (list?.getAttribute("role") === "list") list.setAttribute("role", "group");
  },
};

/** In a week without lessons the scrollable hours have nothing focusable, so they become focusable themselves. */
function makeHoursFocusable(view: HTMLElement): void {
  const body = [...view.querySelectorAll('[role="rowgroup"]')].at(-1);
  const scroller = body?.querySelector('[role="row"]')?.parentElement;
  if (!body || !scroller || scroller === body) return;
  body.removeAttribute("role");
  scroller.setAttribute("role", "rowgroup");
  scroller.setAttribute("tabindex", "0");
}
