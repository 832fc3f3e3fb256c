import { ApiError } from "../../shared/api";
import { gettext } from "../../shared/gettext";
import type { Lesson } from "../api";
import type { App } from "../app";
import { button } from "../dom";
import { announceMove, conflictText } from "../drag-and-drop";
import { otherPeople } from "../participants";
import { changesUrl, ScopeField, timesOf } from "../series";
import { type Dialog, dialogForm, openDialog, submit, submitButton } from "./dialog";
import { TimeFields } from "./time-fields";

/** Form equivalent of dragging and resizing a lesson. */
export function openRescheduleDialog(app: App, lesson: Lesson): void {
  const [start, end] = [new Date(lesson.starts_at), new Date(lesson.ends_at)];
  const times = new TimeFields(app.config, start, (end.getTime() - start.getTime()) / 60_000);
  times.setOthers(otherPeople(lesson, app.config.role));
  const scope = new ScopeField(lesson);
  const form = dialogForm(
    () => send(lesson),
    times.element,
    ...(scope.element ? [scope.element] : []),
  );
  const back = button(gettext("Cancel"), "", () => dialog.close());
  const actions = [back, submitButton(gettext("Save"), form, "primary")];
  const dialog: Dialog = openDialog(gettext("Reschedule lesson"), [form], actions);

  function send(seen: Lesson, allowOverlap = false): void {
    const range = times.read();
    if ("error" in range) {
      dialog.showError(range.error);
      return;
    }
    if (scope.scope !== "this") {
      location.assign(changesUrl(app.config, lesson, "update", scope.scope, timesOf(range)));
      return;
    }
    const request = async () => {
      try {
        const moved = await app.api.move(lesson.id, range, seen, allowOverlap);
        dialog.close();
        app.refetch();
        announceMove(app, moved, seen);
      } catch (error) {
        if (!(error instanceof ApiError) || error.code !== "precondition_failed") throw error;
        const now = await app.api.lesson(lesson.id);
        app.refetch();
        const anyway = button(gettext("Reschedule anyway"), "small", () => send(now, allowOverlap));
        dialog.showError(conflictText(app, now, range), anyway);
      }
    };
    const overlapButton = () =>
      button(gettext("Reschedule anyway"), "small", () => send(seen, true));
    submit(app, dialog, request, (error) => dialog.showError(error.text, overlapButton()));
  }
}
