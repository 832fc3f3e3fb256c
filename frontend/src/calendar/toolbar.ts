import type { Config } from "./config";
import { h, link, uniqueId } from "./dom";
import { fill } from "./messages";
import { zoneName } from "./time";

export interface Toolbar {
  element: HTMLElement;
  checkbox: HTMLInputElement;
}

/** What FullCalendar's own toolbar has no place for. */
export function createToolbar(config: Config, onCancelled: (shown: boolean) => void): Toolbar {
  const { messages } = config;
  const id = uniqueId("cancelled");
  const checkbox = h("input", { type: "checkbox", id });
  checkbox.addEventListener("change", () => onCancelled(checkbox.checked));
  const zone = fill(messages.timesIn, { zone: zoneName(config.userTimezone, config.zoneNames) });
  const element = h(
    "div",
    { class: "kr-bar" },
    h("span", { class: "kr-zone" }, zone),
    h("span", { class: "kr-check" }, checkbox, h("label", { for: id }, messages.showCancelled)),
    config.role === "tutor" ? link(messages.newLesson, config.newLessonUrl, "kr-primary") : null,
  );
  return { element, checkbox };
}
