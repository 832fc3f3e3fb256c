import { gettext, interpolate } from "../../shared/gettext";
import { capitalize, formatTimeRange, wallClocksDiffer, zoneName } from "../../shared/time";
import type { Lesson, Participant, Person } from "../api";
import type { App } from "../app";
import { boardUrl, lessonUrl, roomUrl, studentUrl } from "../config";
import { button, h, link } from "../dom";
import { mayChange } from "../lesson-status";
import { fullName, lessonTitle, otherPeople } from "../participants";
import { isOver, type Phase, phaseOf, phaseText } from "../phases";
import { openCancelDialog } from "./cancel";
import { type Dialog, openDialog } from "./dialog";
import { openRescheduleDialog } from "./reschedule";

export function openLessonCard(app: App, lesson: Lesson): void {
  const { config } = app;
  const phase = phaseOf(lesson, config);
  const details = h(
    "dl",
    { class: "kr-facts" },
    ...detail(gettext("When"), ownTime(app, lesson)),
    ...otherPeople(lesson, config.role).flatMap((person) => theirTime(app, lesson, person)),
    ...detail(gettext("With"), people(app, lesson)),
  );
  const links = h(
    "p",
    { class: "kr-links" },
    roomLink(),
    link(gettext("Lesson page"), lessonUrl(config, lesson.id), ""),
  );
  const body = [phaseBadge(phase), details, links];
  const actions = mayChange(lesson, config) ? changes() : [];
  const dialog: Dialog = openDialog(lessonTitle(lesson, config), body, actions);

  function roomLink(): HTMLElement | null {
    if (phase === "requested") return null; // its room is closed
    if (isOver(phase)) return link(gettext("View board"), boardUrl(config, lesson.id), "");
    const url = roomUrl(config, lesson.id);
    const text = phase === "scheduled" ? gettext("Open room") : gettext("Join lesson");
    return link(text, url, "primary");
  }

  function changes(): HTMLElement[] {
    const switchTo = (open: (app: App, lesson: Lesson) => void) => () => {
      dialog.close();
      open(app, lesson);
    };
    const reschedule = button(gettext("Reschedule"), "", switchTo(openRescheduleDialog));
    if (isOver(phase)) return [reschedule];
    return [button(gettext("Cancel lesson"), "danger", switchTo(openCancelDialog)), reschedule];
  }
}

function phaseBadge(phase: Phase): HTMLElement {
  return h("p", { class: `kr-badge kr-${phase}` }, phaseText(phase));
}

function ownTime(app: App, lesson: Lesson): string {
  const { userTimezone, locale } = app.config;
  return capitalize(
    formatTimeRange(new Date(lesson.starts_at), new Date(lesson.ends_at), userTimezone, locale),
    locale,
  );
}

/** The time in another person's zone, when it is known and differs from the user's. */
function theirTime(app: App, lesson: Lesson, other: Person): HTMLElement[] {
  const { userTimezone, locale, zones, zoneNames } = app.config;
  const [start, end] = [new Date(lesson.starts_at), new Date(lesson.ends_at)];
  const theirs = zones?.[other.id];
  if (!theirs || !wallClocksDiffer(start, end, userTimezone, theirs)) return [];
  const label = interpolate(gettext("Local time for %(name)s"), { name: fullName(other) });
  const zone = h("small", {}, zoneName(theirs, zoneNames));
  const when = capitalize(formatTimeRange(start, end, theirs, locale), locale);
  return detail(label, when, zone);
}

/** The tutor, and the students of a group; for the tutor as links to their cards. */
function people(app: App, lesson: Lesson): HTMLElement | string {
  const { role } = app.config;
  const isGroup = lesson.students.length > 1;
  const tutor = role === "tutor" ? [] : [fullName(lesson.tutor)];
  const students = role === "tutor" || isGroup ? lesson.students : [];
  const items = [...tutor, ...students.map((student) => studentItem(app, student))];
  if (items.length === 1) return h("span", {}, items[0] ?? "");
  return h("ul", { class: "kr-people" }, ...items.map((item) => h("li", {}, item)));
}

function studentItem(app: App, student: Participant): HTMLElement {
  const url = studentUrl(app.config, student.id);
  const name = url ? h("a", { href: url }, fullName(student)) : fullName(student);
  const status = participationText(student);
  return h("span", {}, name, status ? h("small", {}, status) : null);
}

function participationText({ status }: Participant): string {
  if (status === "attended") return gettext("attended");
  if (status === "no_show") return gettext("did not come");
  return status === "booked" ? "" : gettext("cancelled");
}

function detail(
  label: string,
  value: HTMLElement | string,
  extra: HTMLElement | null = null,
): HTMLElement[] {
  return [h("dt", {}, label), h("dd", {}, value, extra)];
}
