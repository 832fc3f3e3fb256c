import { gettext } from "../shared/gettext";
import type { Config } from "./config";
import { button, h, uniqueId } from "./dom";

export interface Toolbar {
  element: HTMLElement;
  checkbox: HTMLInputElement;
}

/** Controls that FullCalendar's own toolbar does not provide. */
export function createToolbar(
  config: Config,
  onCancelled: (shown: boolean) => void,
  onNewLesson: () => void,
): Toolbar {
  const id = uniqueId("cancelled");
  const checkbox = h("input", { type: "checkbox", id });
  checkbox.addEventListener("change", () => onCancelled(checkbox.checked));
  const element = h(
    "div",
    { class: "kr-options" },
    h("span", { class: "kr-zone" }, config.zoneTime),
    h("span", { class: "kr-check" }, checkbox, h("label", { for: id }, gettext("Show cancelled"))),
    config.role === "tutor" ? button(gettext("New lesson"), "primary", onNewLesson) : null,
  );
  return { element, checkbox };
}
