import { gettext } from "../../shared/gettext";
import { newId } from "../../shared/id";
import type { App } from "../app";
import { button, h } from "../dom";
import { type Dialog, dialogForm, field, openDialog, submit, submitButton } from "./dialog";
import { StudentPicker } from "./student-picker";
import { TimeFields } from "./time-fields";

const DEFAULT_MINUTES = 60;

/**
 * Dialog that schedules a lesson; `onClose` clears the selection. Without a duration, that of the first student's last
 * lesson is proposed.
 */
export function openCreateDialog(
  app: App,
  start: Date,
  minutes: number | null,
  onClose?: () => void,
): void {
  const times = new TimeFields(app.config, start, minutes ?? DEFAULT_MINUTES);
  const picker = new StudentPicker(app, (students) => {
    times.setOthers(students);
    const [first] = students;
    if (first && minutes === null) times.propose(app.config.lastMinutes?.[first.id]);
  });
  const title = h("input", { type: "text", maxlength: "200", autocomplete: "off" });
  const form = dialogForm(
    () => send(false),
    picker.element,
    field(gettext("Title (optional)"), title),
    times.element,
  );
  const cancel = button(gettext("Cancel"), "", () => dialog.close());
  const actions = [cancel, submitButton(gettext("Schedule"), form, "primary")];
  const dialog: Dialog = openDialog(gettext("New lesson"), [form], actions, onClose);
  let attempt = { body: "", key: "" };

  function send(allowOverlap: boolean): void {
    const range = times.read();
    if (picker.chosen.length === 0) {
      dialog.showError(gettext("Choose a student from the list."));
      picker.focus();
      return;
    }
    if ("error" in range) {
      dialog.showError(range.error);
      return;
    }
    const lesson = {
      student_ids: picker.chosen.map(({ id }) => id),
      title: title.value.trim(),
      starts_at: range.start.toISOString(),
      ends_at: range.end.toISOString(),
      ...(allowOverlap && { allow_overlap: true }),
    };
    // A retry reuses the idempotency key, so that a lost response does not create two lessons.
    const body = JSON.stringify(lesson);
    if (attempt.body !== body) attempt = { body, key: newId() };
    const request = async () => {
      await app.api.create(lesson, attempt.key);
      dialog.close();
      app.refetch();
      app.notices.show({ text: gettext("Lesson scheduled.") });
    };
    const overlapButton = () => button(gettext("Schedule anyway"), "small", () => send(true));
    submit(app, dialog, request, (error) => dialog.showError(error.text, overlapButton()));
  }
}
