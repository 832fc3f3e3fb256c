import { gettext } from "../../shared/gettext";
import { newId } from "../../shared/id";
import type { NewLesson, Range } from "../api";
import type { App } from "../app";
import { button, h } from "../dom";
import { createRepeatSelect, newSeriesUrl } from "../series";
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
  const repeat = createRepeatSelect();
  const form = dialogForm(
    () => send(false),
    picker.element,
    field(gettext("Title (optional)"), title),
    times.element,
    field(gettext("Repeats"), repeat),
  );
  const cancel = button(gettext("Cancel"), "", () => dialog.close());
  const submitter = submitButton(gettext("Schedule"), form, "primary");
  // A series is not saved yet: its dates are shown first.
  repeat.addEventListener("change", () => {
    submitter.textContent = repeat.value ? gettext("Show dates") : gettext("Schedule");
  });
  const actions = [cancel, submitter];
  const dialog: Dialog = openDialog(gettext("New lesson"), [form], actions, onClose);
  const create = createSender(
    app,
    () => dialog,
    () => send(true),
  );

  function send(allowOverlap: boolean): void {
    const chosen = readChoices(dialog, picker, times);
    if (chosen === null) return;
    const { range, studentIds } = chosen;
    if (repeat.value) {
      location.assign(newSeriesUrl(app.config, studentIds, title.value, range, repeat.value));
      return;
    }
    create({
      student_ids: studentIds,
      title: title.value.trim(),
      starts_at: range.start.toISOString(),
      ends_at: range.end.toISOString(),
      ...(allowOverlap && { allow_overlap: true }),
    });
  }
}

/** The chosen time and students; shows an error and returns null if one is missing. */
function readChoices(
  dialog: Dialog,
  picker: StudentPicker,
  times: TimeFields,
): { range: Range; studentIds: number[] } | null {
  const range = times.read();
  if (picker.chosen.length === 0) {
    dialog.showError(gettext("Choose a student from the list."));
    picker.focus();
    return null;
  }
  if ("error" in range) {
    dialog.showError(range.error);
    return null;
  }
  return { range, studentIds: picker.chosen.map(({ id }) => id) };
}

/** Returns a function that schedules a lesson; `retry` schedules it although the time is taken. */
function createSender(
  app: App,
  dialog: () => Dialog,
  retry: () => void,
): (lesson: NewLesson) => void {
  let attempt = { body: "", key: "" };
  return (lesson) => {
    // A retry reuses the idempotency key, so that a lost response does not create two lessons.
    const body = JSON.stringify(lesson);
    if (attempt.body !== body) attempt = { body, key: newId() };
    const request = async () => {
      await app.api.create(lesson, attempt.key);
      dialog().close();
      app.refetch();
      app.notices.show({ text: gettext("Lesson scheduled.") });
    };
    const overlapButton = () => button(gettext("Schedule anyway"), "small", retry);
    submit(app, dialog(), request, (error) => dialog().showError(error.text, overlapButton()));
  };
}
