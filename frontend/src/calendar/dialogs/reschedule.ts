import type { Lesson } from "../api";
import type { App } from "../app";
import { button } from "../dom";
import { announceMove } from "../moves";
import { type Dialog, dialogForm, openDialog, submit, submitButton } from "./dialog";
import { timeFields } from "./time-fields";

/** The form that does all that dragging and resizing do. */
export function openReschedule(app: App, lesson: Lesson): void {
  const { messages } = app.config;
  const old = { start: new Date(lesson.starts_at), end: new Date(lesson.ends_at) };
  const times = timeFields(app.config, old.start, old.end);
  const form = dialogForm(send, times.element);
  const back = button(messages.back, "", () => dialog.close());
  const actions = [back, submitButton(messages.save, form, "kr-primary")];
  const dialog: Dialog = openDialog(app, messages.rescheduleTitle, [form], actions);

  function send(): void {
    const range = times.read();
    if ("error" in range) {
      dialog.showError(range.error);
      return;
    }
    submit(app, dialog, async () => {
      const moved = await app.api.move(lesson.id, range.start, range.end);
      dialog.close();
      app.refetch();
      announceMove(app, moved, old);
    });
  }
}
