import { ApiError } from "../../shared/api";
import { gettext } from "../../shared/gettext";
import type { Lesson } from "../api";
import type { App } from "../app";
import { button } from "../dom";
import { announceMove, conflictText } from "../drag-and-drop";
import { type Dialog, dialogForm, openDialog, submit, submitButton } from "./dialog";
import { timeFields } from "./time-fields";

/** Form equivalent of dragging and resizing a lesson. */
export function openRescheduleDialog(app: App, lesson: Lesson): void {
  const times = timeFields(app.config, new Date(lesson.starts_at), new Date(lesson.ends_at));
  const form = dialogForm(() => send(lesson), times.element);
  const back = button(gettext("Cancel"), "", () => dialog.close());
  const actions = [back, submitButton(gettext("Save"), form, "primary")];
  const dialog: Dialog = openDialog(gettext("Reschedule lesson"), [form], actions);

  function send(seen: Lesson): void {
    const range = times.read();
    if ("error" in range) {
      dialog.showError(range.error);
      return;
    }
    submit(app, dialog, async () => {
      try {
        const moved = await app.api.move(lesson.id, range, seen);
        dialog.close();
        app.refetch();
        announceMove(app, moved, seen);
      } catch (error) {
        if (!(error instanceof ApiError) || error.code !== "precondition_failed") throw error;
        const now = await app.api.lesson(lesson.id);
        app.refetch();
        const anyway = button(gettext("Reschedule anyway"), "small", () => send(now));
        dialog.showError(conflictText(app, now, range), anyway);
      }
    });
  }
}
