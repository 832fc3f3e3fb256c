import { ApiError } from "../../shared/api";
import { gettext } from "../../shared/gettext";
import { type App, errorText } from "../app";
import { signInUrl } from "../config";
import { button, h, link, uniqueId } from "../dom";

export interface Dialog {
  element: HTMLDialogElement;
  close: () => void;
  /** Shows an error in an alert region; `extra` holds actions to resolve it. */
  showError: (text: string, extra?: HTMLElement) => void;
  clearError: () => void;
}

/** A modal dialog with a heading, an error region and buttons; removed from the DOM when closed. */
export function openDialog(
  title: string,
  body: Node[],
  actions: Node[],
  onClose?: () => void,
): Dialog {
  const id = uniqueId("dialog");
  const errors = h("div", { role: "alert", class: "kr-error" });
  const element = h("dialog", { "aria-labelledby": id });
  const close = () => element.close();
  const closeButton = button("×", "quiet icon", close);
  closeButton.setAttribute("aria-label", gettext("Close"));
  // Focus the first control instead of the close button.
  firstControl(body)?.setAttribute("autofocus", "");
  element.append(
    h("header", {}, h("h2", { id }, title), closeButton),
    ...body,
    errors,
    h("footer", {}, ...actions),
  );
  element.addEventListener("close", () => {
    element.remove();
    onClose?.();
  });
  element.addEventListener("click", (event) => {
    if (event.target === element && !element.querySelector("form")) close();
  });
  document.body.append(element);
  element.showModal();
  return {
    element,
    close,
    showError: (text, extra) => errors.replaceChildren(h("p", {}, text), ...(extra ? [extra] : [])),
    clearError: () => errors.replaceChildren(),
  };
}

function firstControl(body: Node[]): Element | null {
  for (const node of body) {
    const found = node instanceof Element && node.querySelector("input, textarea, a, button");
    if (found) return found;
  }
  return null;
}

/** Runs a request with the dialog's buttons disabled, and shows its error in the dialog. */
export async function submit(
  app: App,
  dialog: Dialog,
  request: () => Promise<void>,
  onConflict?: (error: ApiError) => void,
): Promise<void> {
  const buttons = [...dialog.element.querySelectorAll<HTMLButtonElement>("button")];
  dialog.clearError();
  for (const item of buttons) item.disabled = true;
  try {
    await request();
  } catch (error) {
    if (error instanceof ApiError && error.code === "lesson_conflict" && onConflict) {
      onConflict(error);
    } else {
      dialog.showError(errorText(error), signInLink(app, error));
    }
  } finally {
    for (const item of buttons) item.disabled = false;
  }
}

function signInLink(app: App, error: unknown): HTMLElement | undefined {
  if (!(error instanceof ApiError) || error.code !== "not_authenticated") return undefined;
  return link(gettext("Sign in"), signInUrl(app.config), "small");
}

/** A form whose buttons may be outside of it, associated by `form=`. */
export function dialogForm(onSubmit: () => void, ...fields: Node[]): HTMLFormElement {
  const form = h("form", { id: uniqueId("form"), class: "kr-form", novalidate: true }, ...fields);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    onSubmit();
  });
  return form;
}

export function submitButton(
  text: string,
  form: HTMLFormElement,
  variant: string,
): HTMLButtonElement {
  return h("button", { type: "submit", form: form.id, class: `btn ${variant}` }, text);
}

export function field(label: string, control: HTMLElement): HTMLElement {
  control.id ||= uniqueId("field");
  return h("div", { class: "field compact" }, h("label", { for: control.id }, label), control);
}
