import { gettext } from "../shared/gettext";
import { toLocalInput } from "../shared/time";
import type { Lesson, Range } from "./api";
import { type Config, lessonUrl } from "./config";
import { h, uniqueId } from "./dom";

/** How many lessons of a series a change concerns. */
export type Scope = "this" | "following" | "all";

/** The page that shows what a change does to each lesson, and makes it. */
export function changesUrl(
  config: Config,
  lesson: Lesson,
  action: "update" | "cancel",
  scope: Scope,
  values: Record<string, string> = {},
): string {
  const query = new URLSearchParams({ action, scope, ...values });
  return `${lessonUrl(config, lesson.id)}changes/?${query}`;
}

export function timesOf(range: Range): Record<string, string> {
  return { starts_at: range.start.toISOString(), ends_at: range.end.toISOString() };
}

export function createRepeatSelect(): HTMLSelectElement {
  const choices = [
    ["", gettext("no")],
    ["weekly", gettext("every week")],
    ["two-weeks", gettext("every two weeks")],
    ["monthly", gettext("every month on this day")],
  ] as const;
  return h("select", {}, ...choices.map(([value, text]) => h("option", { value }, text)));
}

/** The page that shows every date of a new series before anything is saved. */
export function newSeriesUrl(
  config: Config,
  studentIds: number[],
  title: string,
  { start, end }: Range,
  repeat: string,
): string {
  const [date = "", time = ""] = toLocalInput(start, config.userTimezone).split("T");
  const minutes = String((end.getTime() - start.getTime()) / 60_000);
  const query = new URLSearchParams({ title: title.trim(), date, time, minutes, repeat });
  for (const id of studentIds) query.append("student", String(id));
  return `${config.newSeriesUrl ?? ""}?${query}`;
}

/** Radio buttons for a lesson of a series; a lesson by itself has no choice. */
export class ScopeField {
  readonly element: HTMLElement | null;

  constructor(lesson: Lesson) {
    this.element = lesson.series_id === null ? null : createChoices();
  }

  get scope(): Scope {
    const chosen = this.element?.querySelector<HTMLInputElement>("input:checked");
    return (chosen?.value as Scope | undefined) ?? "this";
  }
}

function createChoices(): HTMLElement {
  const name = uniqueId("scope");
  const choices: [Scope, string][] = [
    ["this", gettext("this lesson only")],
    ["following", gettext("this and all following lessons")],
    ["all", gettext("all upcoming lessons of the series")],
  ];
  const options = choices.map(([value, text]) =>
    h(
      "label",
      {},
      h("input", { type: "radio", name, value, checked: value === "this" }),
      " ",
      text,
    ),
  );
  return h(
    "fieldset",
    { class: "field compact kr-scope" },
    h("legend", {}, gettext("What to change")),
    ...options,
  );
}
