import { gettext, interpolate } from "../../shared/gettext";
import { isComposing } from "../../shared/keyboard";
import type { FoundStudents, Student } from "../api";
import { type App, errorText } from "../app";
import { button, h, uniqueId } from "../dom";
import { fullName } from "../participants";
import { field } from "./dialog";

const DEBOUNCE_MS = 200;

const MAX_STUDENTS = 30;

/**
 * An ARIA combobox that searches on the server while typing. The chosen students are listed below it, each with a
 * button; Backspace in the empty input removes the last one.
 */
export class StudentPicker {
  readonly element: HTMLElement;
  readonly chosen: Student[] = [];
  private readonly chips = h("ul", { class: "kr-chips", "aria-label": gettext("Chosen students") });
  private readonly input: HTMLInputElement;
  private readonly list: HTMLUListElement;
  private readonly status = h("p", { role: "status", class: "kr-hint" });
  private found: Student[] = [];
  private active = -1;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private lastRequest = 0;

  constructor(
    private readonly app: App,
    private readonly onChange: (students: Student[]) => void,
  ) {
    const listId = uniqueId("students");
    this.list = h("ul", { id: listId, role: "listbox", "aria-label": gettext("Students") });
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
    this.chips.hidden = true;
    this.element = field(gettext("Students"), this.input);
    this.element.classList.add("kr-picker");
    this.element.append(this.list, this.chips, this.status);
    this.input.addEventListener("input", () => this.onInput());
    this.input.addEventListener("focus", () => this.search());
    this.input.addEventListener("blur", () => this.open(false));
    this.input.addEventListener("keydown", (event) => this.onKeyDown(event));
  }

  focus(): void {
    this.input.focus();
  }

  private onInput(): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.search(), DEBOUNCE_MS);
  }

  private async search(): Promise<void> {
    this.lastRequest += 1;
    const request = this.lastRequest;
    try {
      const found = await this.app.api.students(this.input.value.trim());
      // Ignore a slow response to an earlier search.
      if (request === this.lastRequest) this.show(found);
    } catch (error) {
      this.open(false);
      this.status.textContent = errorText(error);
    }
  }

  private show({ count, results }: FoundStudents): void {
    const found = results.filter(({ id }) => this.chosen.every((one) => one.id !== id));
    this.found = found;
    this.list.replaceChildren(...found.map((student, index) => this.option(student, index)));
    this.status.textContent = foundText(
      found.length,
      count - (results.length - found.length),
      count,
    );
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
    } else if (key === "Enter" && (!this.list.hidden || this.input.value)) {
      // Also while the search runs: a typed name is not yet a choice to schedule with.
      event.preventDefault();
      const student = this.list.hidden ? undefined : this.found[this.active];
      if (student) this.choose(student);
    } else if (key === "Backspace" && this.input.value === "" && this.chosen.length > 0) {
      this.remove(this.chosen.at(-1));
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
    clearTimeout(this.timer);
    this.lastRequest += 1;
    this.open(false);
    if (this.chosen.length >= MAX_STUDENTS) {
      const text = gettext("A lesson has at most %(n)s students.");
      this.status.textContent = interpolate(text, { n: MAX_STUDENTS });
      return;
    }
    this.chosen.push(student);
    this.found = [];
    this.list.replaceChildren();
    this.input.value = "";
    this.status.textContent = interpolate(gettext("Added: %(name)s"), { name: fullName(student) });
    this.showChosen();
  }

  private remove(student: Student | undefined): void {
    const index = student ? this.chosen.indexOf(student) : -1;
    if (!student || index < 0) return;
    this.chosen.splice(index, 1);
    this.status.textContent = interpolate(gettext("Removed: %(name)s"), {
      name: fullName(student),
    });
    this.showChosen();
    this.focus();
  }

  private showChosen(): void {
    this.chips.replaceChildren(...this.chosen.map((student) => this.chip(student)));
    this.chips.hidden = this.chosen.length === 0;
    this.onChange([...this.chosen]);
  }

  private chip(student: Student): HTMLLIElement {
    const name = fullName(student);
    const remove = button("×", "kr-chip-remove", () => this.remove(student));
    remove.setAttribute("aria-label", interpolate(gettext("Remove %(name)s"), { name }));
    return h("li", { title: student.email }, name, remove);
  }

  private open(open: boolean): void {
    this.list.hidden = !open;
    this.input.setAttribute("aria-expanded", String(open));
    if (!open) this.input.removeAttribute("aria-activedescendant");
  }
}

function foundText(shown: number, count: number, inAll: number): string {
  if (count > shown) {
    return interpolate(gettext("Students found: %(count)s, the first %(shown)s are listed"), {
      count,
      shown,
    });
  }
  if (count > 0) return interpolate(gettext("Students found: %(count)s"), { count });
  if (inAll > 0) return gettext("Everybody found is chosen already.");
  return gettext(
    "No student found. You can schedule lessons only with active students in your classrooms.",
  );
}
