import type { Config } from "../config";
import { h } from "../dom";
import { fill } from "../messages";
import { fromLocalInput, toLocalInput, zoneName } from "../time";
import { field } from "./dialog";

export interface TimeFields {
  element: HTMLElement;
  read: () => { start: Date; end: Date } | { error: string };
}

/** Start and end in the user's zone. Moving the start takes the end along, as a drag does. */
export function timeFields(config: Config, start: Date, end: Date): TimeFields {
  const { messages, userTimezone: zone } = config;
  const from = timeInput(toLocalInput(start, zone));
  const to = timeInput(toLocalInput(end, zone));
  let length = end.getTime() - start.getTime();
  from.addEventListener("change", () => {
    const moved = fromLocalInput(from.value, zone);
    if (moved) to.value = toLocalInput(new Date(moved.getTime() + length), zone);
  });
  to.addEventListener("change", () => {
    const times = [fromLocalInput(from.value, zone), fromLocalInput(to.value, zone)];
    if (times[0] && times[1] && times[1] > times[0]) {
      length = times[1].getTime() - times[0].getTime();
    }
  });
  const element = h(
    "div",
    { class: "kr-times" },
    field(messages.starts, from),
    field(messages.ends, to),
    h("p", { class: "kr-hint" }, fill(messages.timesIn, { zone: zoneName(zone) })),
  );
  return { element, read: () => readTimes(config, from.value, to.value) };
}

function timeInput(value: string): HTMLInputElement {
  return h("input", { type: "datetime-local", value, step: "300", required: true });
}

function readTimes({ messages, userTimezone }: Config, from: string, to: string) {
  if (!from || !to) return { error: messages.timeRequired };
  const start = fromLocalInput(from, userTimezone);
  const end = fromLocalInput(to, userTimezone);
  if (!start || !end) return { error: messages.timeSkipped };
  return end > start ? { start, end } : { error: messages.endBeforeStart };
}
