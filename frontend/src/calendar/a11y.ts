import type { CalendarOptions } from "fullcalendar";

/**
 * Mends what axe-core finds in FullCalendar 7.1's own markup. Each attribute is changed once, when its element
 * comes into the page: FullCalendar writes it again only when its value changes.
 */
export const mendedMarkup: CalendarOptions = {
  // A header whose text is hidden from screen readers counts as empty; its name has to begin with what is seen.
  dayHeaderDidMount: ({ el }) => {
    const text = el.querySelector("[aria-hidden]");
    text?.removeAttribute("aria-hidden");
    const date = el.getAttribute("aria-label");
    if (date) el.setAttribute("aria-label", `${text?.textContent ?? ""}, ${date}`);
  },
  // The empty header before the hours says "Timed", in English, of a row that needs no name.
  viewDidMount: ({ el }) => {
    for (const empty of el.querySelectorAll('[role="rowheader"]:empty')) {
      empty.setAttribute("role", "gridcell");
      empty.removeAttribute("aria-label");
    }
    letHoursScrollByKeyboard(el);
  },
  // Named by its date alone, a cell would keep its lessons to itself: the date becomes the description.
  dayCellDidMount: ({ el }) => {
    const date = el.getAttribute("aria-label");
    if (!date) return;
    el.removeAttribute("aria-label");
    el.setAttribute("aria-description", date);
  },
  // A list may hold list items only, and these are buttons.
  eventDidMount: ({ el }) => {
    const list = el.parentElement;
    if (list?.getAttribute("role") === "list") list.setAttribute("role", "group");
  },
};

/** A week without lessons has nothing to stop at within its hours, so that they take the focus themselves. */
function letHoursScrollByKeyboard(view: HTMLElement): void {
  const body = [...view.querySelectorAll('[role="rowgroup"]')].at(-1);
  const scroller = body?.querySelector('[role="row"]')?.parentElement;
  if (!body || !scroller || scroller === body) return;
  body.removeAttribute("role");
  scroller.setAttribute("role", "rowgroup");
  scroller.setAttribute("tabindex", "0");
}
