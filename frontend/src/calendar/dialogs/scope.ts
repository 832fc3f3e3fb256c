import { gettext } from "../../shared/gettext";
import type { Lesson } from "../api";
import { button } from "../dom";
import { type Scope, ScopeField } from "../series";
import { dialogForm, openDialog, submitButton } from "./dialog";

/** Asks after a drag how many lessons of the series move; null if the user cancels. */
export function askScope(lesson: Lesson): Promise<Scope | null> {
  return new Promise((resolve) => {
    const field = new ScopeField(lesson);
    let scope: Scope | null = null;
    const choose = () => {
      scope = field.scope;
      dialog.close();
    };
    const form = dialogForm(choose, ...(field.element ? [field.element] : []));
    const cancel = button(gettext("Cancel"), "", () => dialog.close());
    const actions = [cancel, submitButton(gettext("Move"), form, "primary")];
    const dialog = openDialog(gettext("Move a lesson of a series"), [form], actions, () =>
      resolve(scope),
    );
  });
}
