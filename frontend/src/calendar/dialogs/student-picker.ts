import { gettext, interpolate } from "../../shared/gettext";
import { isComposing } from "../../shared/keyboard";
import type { FoundStudents, Student } from "../api";
import { type App, errorText } from "../app";
import { h, uniqueId } from "../dom";
import { fullName } from "../participants";
import { field } from "./dialog";

const DEBOUNCE_MS = 200;

/** An ARIA combobox that searches on the server while typing. */
export class StudentPicker {
  readonly element: HTMLElement;
  chosen: Student | null = null;
  private readonly input: HTMLInputElement;
  private readonly list: HTMLUListElement;
  private readonly status = h("p", { role: "status", class: "kr-hint" });
  private found: Student[] = [];
  private active = -1;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private lastRequest = 0;

  constructor(
    private readonly app: App,
    private readonly onChoose: (student: Student | null) => void,
  ) {
    const listId = uniqueId("students");
    this.list = h("ul", { id: listId, role: "listbox", "aria-label": gettext("Student") });
    this.list.hidden = true;
    this.input = h("input", {
      type: "text",
      role: "combobox",
      autocomplete: "off",
      placeholder: gettext("Enter a name or e-mail address"),
      "aria-autocomplete": "list",
      "aria-controls": listId,
      "aria-expanded": "false",
    });
    this.element = field(gettext("Student"), this.input);
    this.element.classList.add("kr-picker");
    this.element.append(this.list, this.status);
    this.input.addEventListener("input", () => this.onInput());
    this.input.addEventListener("focus", () => this.search());
    this.input.addEventListener("blur", () => this.open(false));
    this.input.addEventListener("keydown", (event) => this.onKeyDown(event));
  }

  focus(): void {
    this.input.focus();
  }

  private onInput(): void {
    this.chosen = null;
    this.onChoose(null);
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.search(), DEBOUNCE_MS);
  }

  private async search(): Promise<void> {
    if (this.chosen) return;
    this.lastRequest += 1;
    const request = this.lastRequest;
    try {
      const found = await this.app.api.students(this.input.value.trim());
      // Ignore a slow response to an earlier search.
      if (request === this.lastRequest && !this.chosen) this.show(found);
    } catch (error) {
      this.open(false);
      this.status.textContent = errorText(error);
    }
  }

  private show({ count, results: found }: FoundStudents): void {
    this.found = found;
    this.list.replaceChildren(...found.map((student, index) => this.option(student, index)));
    this.status.textContent = foundText(found.length, count);
    this.activate(found.length === 1 ? 0 : -1);
    this.open(found.length > 0 && document.activeElement === this.input);
  }

  private option(student: Student, index: number): HTMLLIElement {
    const option = h(
      "li",
      { id: `${this.list.id}-${index}`, role: "option", "aria-selected": "false" },
      h("span", {}, fullName(student)),
      h("small", {}, student.email),
    );
    // mousedown fires before the input's blur closes the list.
    option.addEventListener("pointerdown", (event) => {
      event.preventDefault();
      this.choose(student);
    });
    return option;
  }

  private onKeyDown(event: KeyboardEvent): void {
    if (isComposing(event)) return;
    const { key } = event;
    if (key === "ArrowDown" || key === "ArrowUp") {
      event.preventDefault();
      if (this.list.hidden) this.open(this.found.length > 0);
      this.activate(this.step(key === "ArrowDown" ? 1 : -1));
    } else if (key === "Enter" && !this.list.hidden) {
      event.preventDefault();
      const student = this.found[this.active];
      if (student) this.choose(student);
    } else if (key === "Escape" && !this.list.hidden) {
      // Close only the list, not the dialog around it.
      event.preventDefault();
      event.stopPropagation();
      this.open(false);
    }
  }

  private step(by: 1 | -1): number {
    const count = this.found.length;
    if (this.active < 0) return by > 0 ? 0 : count - 1;
    return (this.active + by + count) % count;
  }

  private activate(index: number): void {
    this.active = index;
    [...this.list.children].forEach((option, position) => {
      option.setAttribute("aria-selected", String(position === index));
      if (position === index) option.scrollIntoView({ block: "nearest" });
    });
    if (index < 0) this.input.removeAttribute("aria-activedescendant");
    else this.input.setAttribute("aria-activedescendant", `${this.list.id}-${index}`);
  }

  private choose(student: Student): void {
    this.chosen = student;
    this.input.value = fullName(student);
    this.status.textContent = student.email;
    this.open(false);
    this.onChoose(student);
  }

  private open(open: boolean): void {
    this.list.hidden = !open;
    this.input.setAttribute("aria-expanded", String(open));
    if (!open) this.input.removeAttribute("aria-activedescendant");
  }
}

function foundText(shown: number, count: number): string {
  if (count > shown) {
    return interpolate(gettext("Students found: %(count)s, the first %(shown)s are listed"), {
      count,
      shown,
    });
  }
  if (count > 0) return interpolate(gettext("Students found: %(count)s"), { count });
  return gettext(
    "No student found. You can schedule lessons only with active students in your classrooms.",
  );
}
