import type { EventApi, EventDisplayInfo, EventInput } from "fullcalendar";
import { gettext } from "../shared/gettext";
import { formatAmbiguousRange, toLocalInput } from "../shared/time";
import type { Lesson } from "./api";
import type { Config } from "./config";
import { h } from "./dom";
import { mayChange } from "./lesson-status";
import { lessonTitle, otherNames } from "./participants";
import { phaseOf, phaseText } from "./phases";

const MIN_TWO_LINES_MINUTES = 40;

export function toEvent(lesson: Lesson, config: Config): EventInput {
  return {
    id: String(lesson.id),
    title: lessonTitle(lesson, config),
    start: lesson.starts_at,
    end: lesson.ends_at,
    editable: mayChange(lesson, config),
    extendedProps: { lesson },
  };
}

export function lessonOf(info: { event: Pick<EventApi, "extendedProps"> }): Lesson | undefined {
  return info.event.extendedProps.lesson as Lesson | undefined;
}

export function eventClass(info: EventDisplayInfo, config: Config): string {
  const lesson = lessonOf(info);
  return `kr-event kr-event-${lesson ? phaseOf(lesson, config) : "new"}`;
}

/** Time, person and title. A phase shown by colour or strikethrough is also given as text. */
export function eventContent(info: EventDisplayInfo, config: Config): { domNodes: Node[] } {
  const lesson = lessonOf(info);
  const [first, second] = lesson ? names(lesson, config) : [gettext("New lesson"), ""];
  const node = h(
    "div",
    { class: `kr-event-body ${layoutClass(info)}` },
    eventTime(
      (lesson && ambiguousTime(lesson, config)) ?? timeText(info, config),
      lesson && lesson.series_id !== null ? seriesMark() : null,
    ),
    " ",
    h("span", { class: "kr-event-title" }, first),
    second ? " " : null,
    second ? h("span", { class: "kr-event-person" }, second) : null,
  );
  const phase = lesson ? phaseOf(lesson, config) : "scheduled";
  if (phase !== "scheduled") {
    node.append(" ", h("span", { class: "visually-hidden" }, phaseText(phase)));
  }
  return { domNodes: [node] };
}

function seriesMark(): HTMLElement {
  const text = h("span", { class: "visually-hidden" }, gettext("part of a series"));
  const mark = h("span", { "aria-hidden": "true" }, "↻");
  return h("span", { class: "kr-event-series" }, mark, text);
}

/** A tutor knows lessons by the students, a student by their title. */
function names(lesson: Lesson, config: Config): [string, string] {
  const person = otherNames(lesson, config.role);
  if (!lesson.title) return [person, ""];
  return config.role === "tutor" ? [person, lesson.title] : [lesson.title, person];
}

/** The whole lesson's time, also on each day of one that passes midnight. */
function timeText({ event: { start, end }, timeText }: EventDisplayInfo, config: Config): string {
  if (!start || !end) return timeText;
  const clock = (instant: Date) => toLocalInput(instant, config.userTimezone).slice(11);
  return `${clock(start)}–${clock(end)}`;
}

/** When start and end would both read 03:30. */
function ambiguousTime(lesson: Lesson, { userTimezone }: Config): string | null {
  return formatAmbiguousRange(new Date(lesson.starts_at), new Date(lesson.ends_at), userTimezone);
}

/** The end is a separate element, hidden when there is no room for it. */
function eventTime(text: string, mark: HTMLElement | null): HTMLElement {
  const [, start, end] = /^(\d+:\d+)(.*)$/.exec(text) ?? ["", text, ""];
  const rest = end ? h("span", { class: "kr-event-end" }, end) : null;
  const after = mark ? [" ", mark] : [];
  return h("span", { class: "kr-event-time" }, start ?? text, rest, ...after);
}

/** Whether an event box has room for three lines, two or one. */
function layoutClass({ view, isShort, event }: EventDisplayInfo): string {
  if (view.type.startsWith("list")) return "kr-agenda-row";
  if (view.type.startsWith("dayGrid")) return "kr-one-line kr-month-line";
  if (!isShort) return "kr-three-lines";
  const minutes = ((event.end?.getTime() ?? 0) - (event.start?.getTime() ?? 0)) / 60_000;
  return minutes < MIN_TWO_LINES_MINUTES ? "kr-one-line" : "kr-two-lines";
}
