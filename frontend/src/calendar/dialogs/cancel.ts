import type { Lesson } from "../api";
import type { App } from "../app";
import { button, h } from "../dom";
import { type Dialog, dialogForm, field, openDialog, submit, submitButton } from "./dialog";

export function openCancel(app: App, lesson: Lesson): void {
  const { messages } = app.config;
  const reason = h("textarea", { rows: "3", maxlength: "500" });
  const form = dialogForm(send, field(messages.cancelReason, reason));
  const keep = button(messages.keepLesson, "", () => dialog.close());
  const dialog: Dialog = openDialog(
    app,
    messages.cancelTitle,
    [h("p", {}, messages.cancelExplain), form],
    [keep, submitButton(messages.cancelConfirm, form, "kr-danger")],
  );

  function send(): void {
    submit(app, dialog, async () => {
      await app.api.cancel(lesson.id, reason.value.trim());
      dialog.close();
      app.refetch();
      app.notices.show({ text: messages.cancelled });
    });
  }
}
