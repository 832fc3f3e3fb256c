import type { EventApi } from "fullcalendar";
import { ApiError, type Lesson } from "./api";
import { type App, errorText, failureNotice } from "./app";
import { fill } from "./messages";
import { formatWhen } from "./time";

interface Range {
  start: Date;
  end: Date;
}

/** What FullCalendar tells after a drag or a resize. */
export interface Move {
  event: EventApi;
  oldEvent: EventApi;
  jsEvent: MouseEvent | null;
  el: HTMLElement;
  revert: () => void;
}

/** Saves a drag or a resize. Whatever stops it, the lesson springs back to what the server has. */
export async function saveMove(app: App, move: Move): Promise<void> {
  const { event, oldEvent } = move;
  const at = dropPoint(move);
  const [range, old] = [rangeOf(event), rangeOf(oldEvent)];
  if (!range || !old) return move.revert();
  // Not draggable again before the answer is here.
  event.setProp("editable", false);
  try {
    const lesson = await app.api.move(Number(event.id), range.start, range.end);
    event.setExtendedProp("lesson", lesson);
    event.setProp("editable", true);
    announceMove(app, lesson, old);
  } catch (error) {
    move.revert();
    showRefusal(app, error, at, () => repeat(app, Number(event.id), range, old));
  }
}

/** Says where the lesson now is and offers the way back. */
export function announceMove(app: App, lesson: Lesson, old: Range): void {
  const { messages, userTimezone, locale } = app.config;
  const [start, end] = [new Date(lesson.starts_at), new Date(lesson.ends_at)];
  const when = formatWhen(start, end, userTimezone, locale);
  const run = () => undo(app, lesson.id, old);
  app.notices.show({ text: fill(messages.moved, { when }), action: { text: messages.undo, run } });
}

async function undo(app: App, id: number, old: Range): Promise<void> {
  try {
    await app.api.move(id, old.start, old.end);
    app.notices.show({ text: app.config.messages.undone });
  } catch (error) {
    app.notices.show(failureNotice(app, error, () => undo(app, id, old)));
  }
  app.refetch();
}

async function repeat(app: App, id: number, range: Range, old: Range): Promise<void> {
  try {
    announceMove(app, await app.api.move(id, range.start, range.end), old);
  } catch (error) {
    app.notices.show(failureNotice(app, error, () => repeat(app, id, range, old)));
  }
  app.refetch();
}

/** A refusal that is about this slot is shown at the slot; any other trouble at the foot of the page. */
function showRefusal(app: App, error: unknown, at: { x: number; y: number }, retry: () => void) {
  const { messages } = app.config;
  if (!(error instanceof ApiError) || !isAboutTheSlot(error)) {
    return app.notices.show(failureNotice(app, error, retry));
  }
  const clash = error.code === "lesson_conflict";
  app.bubble.show(at, clash ? messages.clashTitle : messages.refusedTitle, errorText(app, error));
}

function isAboutTheSlot({ status }: ApiError): boolean {
  return [400, 403, 404, 409].includes(status);
}

function rangeOf(event: EventApi): Range | null {
  return event.start && event.end ? { start: event.start, end: event.end } : null;
}

function dropPoint(move: Move): { x: number; y: number } {
  const { jsEvent } = move;
  if (jsEvent && "clientX" in jsEvent) return { x: jsEvent.clientX, y: jsEvent.clientY };
  const box = move.el.getBoundingClientRect();
  return { x: box.left + box.width / 2, y: box.bottom };
}
