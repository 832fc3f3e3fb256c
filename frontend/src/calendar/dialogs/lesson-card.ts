import { gettext, interpolate } from "../../shared/gettext";
import { formatTimeRange, wallClocksDiffer, zoneName } from "../../shared/time";
import type { Lesson, LessonStatus } from "../api";
import type { App } from "../app";
import { lessonUrl, roomUrl, studentUrl } from "../config";
import { button, h, link } from "../dom";
import { mayChange, statusText } from "../lesson-status";
import { fullName, otherParticipant } from "../participants";
import { openCancelDialog } from "./cancel";
import { type Dialog, openDialog } from "./dialog";
import { openRescheduleDialog } from "./reschedule";

export function openLessonCard(app: App, lesson: Lesson): void {
  const { config } = app;
  const other = otherParticipant(lesson, config.role);
  const details = h(
    "dl",
    { class: "kr-facts" },
    ...detail(gettext("When"), ownTime(app, lesson)),
    ...theirTime(app, lesson),
    ...detail(gettext("With"), personLink(app, other)),
  );
  const links = h(
    "p",
    { class: "kr-links" },
    link(gettext("Open room"), roomUrl(config, lesson.id), "primary"),
    link(gettext("Lesson page"), lessonUrl(config, lesson.id), ""),
  );
  const body = [statusBadge(lesson.status), details, links];
  const actions = mayChange(lesson, config) ? changes() : [];
  const dialog: Dialog = openDialog(lesson.title || gettext("Lesson"), body, actions);

  function changes(): HTMLElement[] {
    const switchTo = (open: (app: App, lesson: Lesson) => void) => () => {
      dialog.close();
      open(app, lesson);
    };
    return [
      button(gettext("Cancel lesson"), "danger", switchTo(openCancelDialog)),
      button(gettext("Reschedule"), "", switchTo(openRescheduleDialog)),
    ];
  }
}

function statusBadge(status: LessonStatus): HTMLElement {
  return h("p", { class: `kr-badge kr-${status}` }, statusText(status));
}

function ownTime(app: App, lesson: Lesson): string {
  const { userTimezone, locale } = app.config;
  return formatTimeRange(
    new Date(lesson.starts_at),
    new Date(lesson.ends_at),
    userTimezone,
    locale,
  );
}

/** The time in the other person's zone, when it is known and differs from the user's. */
function theirTime(app: App, lesson: Lesson): HTMLElement[] {
  const { userTimezone, locale, role, zones, zoneNames } = app.config;
  const other = otherParticipant(lesson, role);
  const [start, end] = [new Date(lesson.starts_at), new Date(lesson.ends_at)];
  const theirs = zones?.[other.id];
  if (!theirs || !wallClocksDiffer(start, end, userTimezone, theirs)) return [];
  const label = interpolate(gettext("Local time for %(name)s"), { name: fullName(other) });
  const zone = h("small", {}, zoneName(theirs, zoneNames));
  return detail(label, formatTimeRange(start, end, theirs, locale), zone);
}

/** The other person's name, as a link to the student's card for the tutor. */
function personLink(app: App, person: Lesson["student"]): HTMLElement | string {
  const url = studentUrl(app.config, person.id);
  return url ? h("a", { href: url }, fullName(person)) : fullName(person);
}

function detail(
  label: string,
  value: HTMLElement | string,
  extra: HTMLElement | null = null,
): HTMLElement[] {
  return [h("dt", {}, label), h("dd", {}, value, extra)];
}
