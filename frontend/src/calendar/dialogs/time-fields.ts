import { gettext, interpolate } from "../../shared/gettext";
import { formatTimeWithOffset, instantsAt, toLocalInput, zoneName } from "../../shared/time";
import type { Range } from "../api";
import type { Config } from "../config";
import { h } from "../dom";
import { field } from "./dialog";

export interface TimeFields {
  element: HTMLElement;
  read: () => Range | { error: string };
}

/** Start and end in the user's zone. Changing the start moves the end along, as dragging does. */
export function timeFields(config: Config, start: Date, end: Date): TimeFields {
  const { userTimezone: zone } = config;
  const from = new DateTimeField(config, gettext("Starts"), start);
  const to = new DateTimeField(config, gettext("Ends"), end);
  let duration = end.getTime() - start.getTime();
  from.onChange(() => {
    const moved = from.read();
    if (moved) to.set(new Date(moved.getTime() + duration));
  });
  to.onChange(() => {
    const [first, last] = [from.read(), to.read()];
    if (first && last && last > first) duration = last.getTime() - first.getTime();
  });
  const hint = interpolate(gettext("Time zone: %(zone)s"), {
    zone: zoneName(zone, config.zoneNames),
  });
  const element = h(
    "div",
    { class: "kr-times" },
    from.element,
    to.element,
    h("p", { class: "kr-hint" }, hint),
  );
  return { element, read: () => readTimes(from, to) };
}

/**
 * Inputs for a date and a time. An untouched value keeps its exact instant, which may be ambiguous that day or have
 * seconds. For an ambiguous time the user chooses one of the two instants.
 */
class DateTimeField {
  readonly element: HTMLElement;
  private readonly input = h("input", { type: "datetime-local", step: "300", required: true });
  private readonly instantSelect = h("select", {});
  private readonly instantField: HTMLElement;
  private shown = { local: "", instant: new Date(0) };

  constructor(
    private readonly config: Config,
    label: string,
    instant: Date,
  ) {
    this.instantField = field(
      gettext("The clocks go back that day, so this time comes twice"),
      this.instantSelect,
    );
    this.element = h("div", { class: "kr-datetime" }, field(label, this.input), this.instantField);
    this.input.addEventListener("change", () => this.showOptions(0));
    this.set(instant);
  }

  get isEmpty(): boolean {
    return !this.input.value;
  }

  onChange(listener: () => void): void {
    this.input.addEventListener("change", listener);
    this.instantSelect.addEventListener("change", listener);
  }

  set(instant: Date): void {
    const local = toLocalInput(instant, this.config.userTimezone);
    this.input.value = local;
    this.shown = { local, instant };
    const minute = Math.floor(instant.getTime() / 60_000) * 60_000;
    this.showOptions(this.instants().findIndex((one) => one.getTime() === minute));
  }

  /** null for a time that is skipped when the clocks go forward. */
  read(): Date | null {
    const instants = this.instants();
    const chosen = instants[this.instantSelect.selectedIndex] ?? instants[0] ?? null;
    const { local, instant } = this.shown;
    const kept = chosen && Math.abs(instant.getTime() - chosen.getTime()) < 60_000;
    return this.input.value === local && kept ? instant : chosen;
  }

  private instants(): Date[] {
    return instantsAt(this.input.value, this.config.userTimezone);
  }

  private showOptions(index: number): void {
    const instants = this.instants();
    const zone = this.config.userTimezone;
    const options = instants.map((one) => h("option", {}, formatTimeWithOffset(one, zone)));
    this.instantSelect.replaceChildren(...options);
    this.instantSelect.selectedIndex = Math.max(index, 0);
    this.instantField.hidden = instants.length < 2;
  }
}

function readTimes(from: DateTimeField, to: DateTimeField) {
  if (from.isEmpty || to.isEmpty) return { error: gettext("Enter a start and an end time.") };
  const [start, end] = [from.read(), to.read()];
  if (!start || !end) {
    return { error: gettext("The clocks go forward that day and skip this time. Choose another.") };
  }
  return end > start ? { start, end } : { error: gettext("The end must come after the start.") };
}
