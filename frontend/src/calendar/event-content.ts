import type { EventApi, EventDisplayInfo, EventInput } from "fullcalendar";
import { gettext } from "../shared/gettext";
import { formatAmbiguousRange } from "../shared/time";
import type { Lesson } from "./api";
import type { Config } from "./config";
import { h } from "./dom";
import { mayChange, statusText } from "./lesson-status";
import { fullName, otherParticipant } from "./participants";

const MIN_TWO_LINES_MINUTES = 40;

export function toEvent(lesson: Lesson, config: Config): EventInput {
  return {
    id: String(lesson.id),
    title: lesson.title || gettext("Lesson"),
    start: lesson.starts_at,
    end: lesson.ends_at,
    editable: mayChange(lesson, config),
    extendedProps: { lesson },
  };
}

export function lessonOf(info: { event: Pick<EventApi, "extendedProps"> }): Lesson | undefined {
  return info.event.extendedProps.lesson as Lesson | undefined;
}

export function eventClass(info: EventDisplayInfo): string {
  const status = lessonOf(info)?.status ?? "new";
  return `kr-event kr-event-${status}`;
}

/** Time, title and person. A status shown by colour or strikethrough is also given as text. */
export function eventContent(info: EventDisplayInfo, config: Config): { domNodes: Node[] } {
  const lesson = lessonOf(info);
  const title = lesson ? lesson.title || gettext("Lesson") : gettext("New lesson");
  const person = lesson ? fullName(otherParticipant(lesson, config.role)) : "";
  const node = h(
    "div",
    { class: `kr-event-body ${layoutClass(info)}` },
    eventTime(lesson ? (ambiguousTime(lesson, config) ?? info.timeText) : info.timeText),
    h("span", { class: "kr-event-title" }, title),
    person ? h("span", { class: "kr-event-person" }, person) : null,
  );
  if (lesson && lesson.status !== "scheduled") {
    const status = statusText(lesson.status);
    node.append(h("span", { class: "visually-hidden" }, status));
  }
  return { domNodes: [node] };
}

/** When start and end would both read 03:30. */
function ambiguousTime(lesson: Lesson, { userTimezone }: Config): string | null {
  return formatAmbiguousRange(new Date(lesson.starts_at), new Date(lesson.ends_at), userTimezone);
}

/** The end is a separate element, hidden when there is no room for it. */
function eventTime(text: string): HTMLElement {
  const [, start, end] = /^(\d+:\d+)(.*)$/.exec(text) ?? ["", text, ""];
  const rest = end ? h("span", { class: "kr-event-end" }, end) : null;
  return h("span", { class: "kr-event-time" }, start ?? text, rest);
}

/** Whether an event box has room for three lines, two or one. */
function layoutClass({ view, isShort, event }: EventDisplayInfo): string {
  if (view.type.startsWith("list")) return "kr-agenda-row";
  if (view.type.startsWith("dayGrid")) return "kr-one-line";
  if (!isShort) return "kr-three-lines";
  const minutes = ((event.end?.getTime() ?? 0) - (event.start?.getTime() ?? 0)) / 60_000;
  return minutes < MIN_TWO_LINES_MINUTES ? "kr-one-line" : "kr-two-lines";
}
