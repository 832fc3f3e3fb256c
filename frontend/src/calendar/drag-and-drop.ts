import type { EventApi } from "fullcalendar";
import { ApiError } from "../shared/api";
import { gettext, interpolate } from "../shared/gettext";
import { formatTimeRange } from "../shared/time";
import type { Lesson, LessonTimes, Range } from "./api";
import { type App, errorText, failureNotice } from "./app";
import { askScope } from "./dialogs/scope";
import { lessonOf } from "./event-content";
import { changesUrl, timesOf } from "./series";

/** FullCalendar's argument after a drag or a resize. */
export interface Move {
  event: EventApi;
  oldEvent: EventApi;
  jsEvent: MouseEvent | null;
  el: HTMLElement;
  revert: () => void;
}

/** Saves a drag or a resize; on any failure the lesson reverts to the server's time. */
export async function saveMove(app: App, move: Move): Promise<void> {
  const { event, oldEvent } = move;
  const at = dropPoint(move);
  const seen = lessonOf({ event: oldEvent });
  const range = seen && movedRange(seen, event, oldEvent);
  if (!seen || !range) return move.revert();
  if (seen.series_id !== null) {
    const scope = await askScope(seen);
    if (scope !== "this") move.revert();
    if (scope === null) return;
    if (scope !== "this") {
      location.assign(changesUrl(app.config, seen, "update", scope, timesOf(range)));
      return;
    }
  }
  // Disable dragging until the response arrives.
  event.setProp("editable", false);
  try {
    const lesson = await app.api.move(seen.id, range, seen);
    event.setExtendedProp("lesson", lesson);
    event.setProp("editable", true);
    announceMove(app, lesson, seen);
  } catch (error) {
    move.revert();
    if (isStale(error)) await showConflict(app, seen.id, range);
    else showMoveError(app, error, at, (anyway) => retryMove(app, seen.id, range, seen, anyway));
  }
}

/**
 * The end that was not dragged keeps its instant, and a moved lesson keeps its duration: the calendar only knows
 * wall-clock times, which may be ambiguous that day.
 */
function movedRange(lesson: Lesson, event: EventApi, oldEvent: EventApi): Range | null {
  if (!event.start || !event.end) return null;
  const [start, end] = [new Date(lesson.starts_at), new Date(lesson.ends_at)];
  const startMoved = event.start.getTime() !== oldEvent.start?.getTime();
  const endMoved = event.end.getTime() !== oldEvent.end?.getTime();
  if (startMoved && endMoved) {
    const length = end.getTime() - start.getTime();
    return { start: event.start, end: new Date(event.start.getTime() + length) };
  }
  return { start: startMoved ? event.start : start, end: endMoved ? event.end : end };
}

function isStale(error: unknown): error is ApiError {
  return error instanceof ApiError && error.code === "precondition_failed";
}

/** Conflict dialog: the lesson was moved elsewhere meanwhile, so the user chooses one of both times. */
async function showConflict(app: App, id: number, range: Range): Promise<void> {
  app.refetch();
  try {
    const now = await app.api.lesson(id);
    const run = () => retryMove(app, id, range, now);
    app.notices.show({
      text: conflictText(app, now, range),
      alert: true,
      action: { text: gettext("Reschedule anyway"), run },
    });
  } catch (error) {
    app.notices.show(failureNotice(app, error, () => showConflict(app, id, range)));
  }
}

export function conflictText(app: App, now: LessonTimes, range: Range): string {
  const { userTimezone, locale } = app.config;
  const theirs = formatTimeRange(
    new Date(now.starts_at),
    new Date(now.ends_at),
    userTimezone,
    locale,
  );
  const yours = formatTimeRange(range.start, range.end, userTimezone, locale);
  return interpolate(
    gettext("This lesson has just been moved to %(theirs)s. You were moving it to %(yours)s."),
    { theirs, yours },
  );
}

/** Announces the new time and offers an undo. */
export function announceMove(app: App, lesson: Lesson, before: LessonTimes): void {
  const { userTimezone, locale } = app.config;
  const [start, end] = [new Date(lesson.starts_at), new Date(lesson.ends_at)];
  const when = formatTimeRange(start, end, userTimezone, locale);
  const run = () => undo(app, lesson, before);
  app.notices.show({
    text: interpolate(gettext("Moved to %(when)s."), { when }),
    action: { text: gettext("Undo"), run },
  });
}

async function undo(app: App, lesson: Lesson, before: LessonTimes): Promise<void> {
  const range = { start: new Date(before.starts_at), end: new Date(before.ends_at) };
  try {
    await app.api.move(lesson.id, range, lesson);
    app.notices.show({ text: gettext("The lesson is back at its earlier time.") });
  } catch (error) {
    if (isStale(error)) return showConflict(app, lesson.id, range);
    app.notices.show(failureNotice(app, error, () => undo(app, lesson, before)));
  }
  app.refetch();
}

async function retryMove(
  app: App,
  id: number,
  range: Range,
  seen: LessonTimes,
  allowOverlap = false,
): Promise<void> {
  try {
    announceMove(app, await app.api.move(id, range, seen, allowOverlap), seen);
  } catch (error) {
    if (isStale(error)) return showConflict(app, id, range);
    const again = () => retryMove(app, id, range, seen, allowOverlap);
    app.notices.show(failureNotice(app, error, again));
  }
  app.refetch();
}

/** Shows an error about the slot next to it, and any other error as a notice. */
function showMoveError(
  app: App,
  error: unknown,
  at: { x: number; y: number },
  retry: (allowOverlap: boolean) => void,
) {
  if (!(error instanceof ApiError) || !isSlotError(error)) {
    return app.notices.show(failureNotice(app, error, () => retry(false)));
  }
  if (error.code !== "lesson_conflict") {
    return app.popover.show(at, gettext("Not moved"), errorText(error));
  }
  const anyway = { text: gettext("Reschedule anyway"), run: () => retry(true) };
  app.popover.show(at, gettext("That time is taken"), errorText(error), anyway);
}

function isSlotError({ status }: ApiError): boolean {
  return [400, 403, 404, 409].includes(status);
}

function dropPoint(move: Move): { x: number; y: number } {
  const { jsEvent } = move;
  if (jsEvent && "clientX" in jsEvent) return { x: jsEvent.clientX, y: jsEvent.clientY };
  const box = move.el.getBoundingClientRect();
  return { x: box.left + box.width / 2, y: box.bottom };
}
