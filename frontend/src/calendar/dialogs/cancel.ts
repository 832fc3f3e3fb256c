import { gettext } from "../../shared/gettext";
import type { Lesson } from "../api";
import { type App, failureNotice } from "../app";
import { button, h } from "../dom";
import { changesUrl, ScopeField } from "../series";
import { type Dialog, dialogForm, field, openDialog, submit, submitButton } from "./dialog";

export function openCancelDialog(app: App, lesson: Lesson): void {
  const reason = h("textarea", { rows: "3", maxlength: "500" });
  const scope = new ScopeField(lesson);
  const form = dialogForm(
    send,
    ...(scope.element ? [scope.element] : []),
    field(gettext("Reason (optional)"), reason),
  );
  const keep = button(gettext("Keep lesson"), "", () => dialog.close());
  const dialog: Dialog = openDialog(
    gettext("Cancel this lesson?"),
    [
      h("p", {}, gettext("It disappears from both calendars. You can undo this for a minute.")),
      form,
    ],
    [keep, submitButton(gettext("Cancel lesson"), form, "danger")],
  );

  function send(): void {
    if (scope.scope !== "this") {
      const values = { reason: reason.value.trim() };
      location.assign(changesUrl(app.config, lesson, "cancel", scope.scope, values));
      return;
    }
    submit(app, dialog, async () => {
      const changeId = await app.api.cancel(lesson.id, reason.value.trim());
      dialog.close();
      app.refetch();
      announceCancellation(app, changeId);
    });
  }
}

function announceCancellation(app: App, changeId: string | null): void {
  const text = gettext("Lesson cancelled.");
  const run = () => undo(app, changeId ?? "");
  app.notices.show(changeId ? { text, action: { text: gettext("Undo"), run } } : { text });
}

async function undo(app: App, changeId: string): Promise<void> {
  try {
    await app.api.undo(changeId);
    app.notices.show({ text: gettext("The lesson takes place again.") });
  } catch (error) {
    app.notices.show(failureNotice(app, error, () => undo(app, changeId)));
  }
  app.refetch();
}
