import type { Lesson, LessonStatus } from "../api";
import type { App } from "../app";
import { type Config, lessonUrl, roomUrl } from "../config";
import { button, h, link } from "../dom";
import { fill, type Messages } from "../messages";
import { fullName, otherPerson } from "../people";
import { clocksDiffer, formatWhen, zoneName } from "../time";
import { openCancel } from "./cancel";
import { type Dialog, openDialog } from "./dialog";
import { openReschedule } from "./reschedule";

export function openLessonCard(app: App, lesson: Lesson): void {
  const { config } = app;
  const { messages } = config;
  const other = otherPerson(lesson, config.role);
  const facts = h(
    "dl",
    { class: "kr-facts" },
    ...fact(messages.whenLabel, ownTime(app, lesson)),
    ...theirTime(app, lesson),
    ...fact(messages.withLabel, fullName(other)),
  );
  const links = h(
    "p",
    { class: "kr-links" },
    link(messages.openRoom, roomUrl(config, lesson.id), "kr-primary"),
    link(messages.lessonPage, lessonUrl(config, lesson.id), ""),
  );
  const body = [statusBadge(lesson.status, messages), facts, links];
  const actions = mayChange(lesson, config) ? changes() : [];
  const dialog: Dialog = openDialog(app, lesson.title || messages.untitled, body, actions);

  function changes(): HTMLElement[] {
    const then = (open: (app: App, lesson: Lesson) => void) => () => {
      dialog.close();
      open(app, lesson);
    };
    return [
      button(messages.cancelLesson, "kr-danger-quiet", then(openCancel)),
      button(messages.reschedule, "", then(openReschedule)),
    ];
  }
}

export function mayChange(lesson: Lesson, config: Config): boolean {
  return config.changeable.includes(lesson.status);
}

export function statusText(status: LessonStatus, messages: Messages): string {
  const texts = {
    scheduled: messages.statusScheduled,
    completed: messages.statusCompleted,
    cancelled: messages.statusCancelled,
  };
  return texts[status];
}

function statusBadge(status: LessonStatus, messages: Messages): HTMLElement {
  return h("p", { class: `kr-badge kr-${status}` }, statusText(status, messages));
}

function ownTime(app: App, lesson: Lesson): string {
  const { userTimezone, locale } = app.config;
  return formatWhen(new Date(lesson.starts_at), new Date(lesson.ends_at), userTimezone, locale);
}

/** The other person's clock, where the page tells their zone and it differs from one's own. */
function theirTime(app: App, lesson: Lesson): HTMLElement[] {
  const { messages, userTimezone, locale, role, zones, zoneNames } = app.config;
  const other = otherPerson(lesson, role);
  const [start, end] = [new Date(lesson.starts_at), new Date(lesson.ends_at)];
  const theirs = zones?.[other.id];
  if (!theirs || !clocksDiffer(start, end, userTimezone, theirs)) return [];
  const label = fill(messages.theirTime, { name: fullName(other) });
  const zone = h("small", {}, zoneName(theirs, zoneNames));
  return fact(label, formatWhen(start, end, theirs, locale), zone);
}

function fact(label: string, value: string, extra: HTMLElement | null = null): HTMLElement[] {
  return [h("dt", {}, label), h("dd", {}, value, extra)];
}
