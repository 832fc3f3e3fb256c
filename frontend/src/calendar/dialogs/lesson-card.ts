import { gettext, interpolate } from "../../shared/gettext";
import { clocksDiffer, formatWhen, zoneName } from "../../shared/time";
import type { Lesson, LessonStatus } from "../api";
import type { App } from "../app";
import { type Config, lessonUrl, roomUrl } from "../config";
import { button, h, link } from "../dom";
import { fullName, otherPerson } from "../people";
import { openCancel } from "./cancel";
import { type Dialog, openDialog } from "./dialog";
import { openReschedule } from "./reschedule";

export function openLessonCard(app: App, lesson: Lesson): void {
  const { config } = app;
  const other = otherPerson(lesson, config.role);
  const facts = h(
    "dl",
    { class: "kr-facts" },
    ...fact(gettext("When"), ownTime(app, lesson)),
    ...theirTime(app, lesson),
    ...fact(gettext("With"), fullName(other)),
  );
  const links = h(
    "p",
    { class: "kr-links" },
    link(gettext("Open the room"), roomUrl(config, lesson.id), "primary"),
    link(gettext("Lesson page"), lessonUrl(config, lesson.id), ""),
  );
  const body = [statusBadge(lesson.status), facts, links];
  const actions = mayChange(lesson, config) ? changes() : [];
  const dialog: Dialog = openDialog(lesson.title || gettext("Lesson"), body, actions);

  function changes(): HTMLElement[] {
    const then = (open: (app: App, lesson: Lesson) => void) => () => {
      dialog.close();
      open(app, lesson);
    };
    return [
      button(gettext("Cancel lesson"), "danger", then(openCancel)),
      button(gettext("Reschedule"), "", then(openReschedule)),
    ];
  }
}

export function mayChange(lesson: Lesson, config: Config): boolean {
  return config.changeable.includes(lesson.status);
}

export function statusText(status: LessonStatus): string {
  const texts = {
    scheduled: gettext("Scheduled"),
    completed: gettext("Completed"),
    cancelled: gettext("Cancelled"),
  };
  return texts[status];
}

function statusBadge(status: LessonStatus): HTMLElement {
  return h("p", { class: `kr-badge kr-${status}` }, statusText(status));
}

function ownTime(app: App, lesson: Lesson): string {
  const { userTimezone, locale } = app.config;
  return formatWhen(new Date(lesson.starts_at), new Date(lesson.ends_at), userTimezone, locale);
}

/** The time in the other person's zone, when it is known and differs from the user's. */
function theirTime(app: App, lesson: Lesson): HTMLElement[] {
  const { userTimezone, locale, role, zones, zoneNames } = app.config;
  const other = otherPerson(lesson, role);
  const [start, end] = [new Date(lesson.starts_at), new Date(lesson.ends_at)];
  const theirs = zones?.[other.id];
  if (!theirs || !clocksDiffer(start, end, userTimezone, theirs)) return [];
  const label = interpolate(gettext("For %(name)s"), { name: fullName(other) });
  const zone = h("small", {}, zoneName(theirs, zoneNames));
  return fact(label, formatWhen(start, end, theirs, locale), zone);
}

function fact(label: string, value: string, extra: HTMLElement | null = null): HTMLElement[] {
  return [h("dt", {}, label), h("dd", {}, value, extra)];
}
