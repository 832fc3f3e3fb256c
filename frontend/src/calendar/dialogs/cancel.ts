import { gettext } from "../../shared/gettext";
import type { Lesson } from "../api";
import type { App } from "../app";
import { button, h } from "../dom";
import { type Dialog, dialogForm, field, openDialog, submit, submitButton } from "./dialog";

export function openCancelDialog(app: App, lesson: Lesson): void {
  const reason = h("textarea", { rows: "3", maxlength: "500" });
  const form = dialogForm(send, field(gettext("Reason (optional)"), reason));
  const keep = button(gettext("Keep lesson"), "", () => dialog.close());
  const dialog: Dialog = openDialog(
    gettext("Cancel this lesson?"),
    [h("p", {}, gettext("It disappears from both calendars. This can’t be undone.")), form],
    [keep, submitButton(gettext("Cancel lesson"), form, "danger")],
  );

  function send(): void {
    submit(app, dialog, async () => {
      await app.api.cancel(lesson.id, reason.value.trim());
      dialog.close();
      app.refetch();
      app.notices.show({ text: gettext("Lesson cancelled.") });
    });
  }
}
