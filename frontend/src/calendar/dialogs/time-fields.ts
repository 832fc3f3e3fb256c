import { gettext, interpolate, ngettext } from "../../shared/gettext";
import {
  formatDayAndTime,
  formatTimeWithOffset,
  instantsAt,
  toLocalInput,
  wallClocksDiffer,
  zoneName,
} from "../../shared/time";
import type { Person, Range } from "../api";
import type { Config } from "../config";
import { h } from "../dom";
import { fullName } from "../participants";
import { field } from "./dialog";

const MINUTE_MS = 60_000;

/**
 * Date, start and duration in the user's zone, as on the lesson's form. An untouched start keeps its exact instant,
 * which may be ambiguous that day or have seconds. For an ambiguous time the user chooses one of the two instants.
 */
export class TimeFields {
  readonly element: HTMLElement;
  private readonly date = h("input", { type: "date", required: true });
  private readonly time = h("input", { type: "time", required: true });
  private readonly duration = h("select", {});
  private readonly instantSelect = h("select", {});
  private readonly instantField: HTMLElement;
  private readonly theirs = h("p", { class: "kr-hint", role: "status" });
  private readonly past = h("p", { class: "kr-hint kr-warning", role: "status" });
  private shown = { local: "", instant: new Date(0) };
  private durationChosen = false;
  private others: Person[] = [];

  constructor(
    private readonly config: Config,
    start: Date,
    minutes: number,
  ) {
    this.instantField = field(
      gettext("The clocks go back that day, so this time comes twice"),
      this.instantSelect,
    );
    this.element = h(
      "div",
      { class: "kr-times" },
      field(gettext("Date"), this.date),
      field(gettext("Starts"), this.time),
      field(gettext("Duration"), this.duration),
      this.instantField,
      h("p", { class: "kr-hint" }, config.zoneTime),
      this.theirs,
      this.past,
    );
    for (const input of [this.date, this.time]) {
      input.addEventListener("input", () => this.showInstants(0));
      input.addEventListener("change", () => this.showInstants(0));
    }
    this.instantSelect.addEventListener("change", () => this.showHints());
    this.duration.addEventListener("change", () => {
      this.durationChosen = true;
      this.showHints();
    });
    this.setMinutes(minutes);
    this.setStart(start);
  }

  /** Propose a duration, unless the user has chosen one. */
  propose(minutes: number | undefined): void {
    if (minutes && !this.durationChosen) this.setMinutes(minutes);
    this.showHints();
  }

  /** Show the local times of the students as well. */
  setOthers(people: Person[]): void {
    this.others = people;
    this.showHints();
  }

  read(): Range | { error: string } {
    if (!this.date.value || !this.time.value) return { error: gettext("Enter a date and a time.") };
    const start = this.start();
    if (!start) {
      return {
        error: gettext("The clocks go forward that day and skip this time. Choose another."),
      };
    }
    return { start, end: this.end(start) };
  }

  private end(start: Date): Date {
    return new Date(start.getTime() + Number(this.duration.value) * MINUTE_MS);
  }

  private setMinutes(minutes: number): void {
    const options = [...new Set([...(this.config.durations ?? []), minutes])].sort((a, b) => a - b);
    this.duration.replaceChildren(
      ...options.map((n) => h("option", { value: String(n) }, minutesText(n))),
    );
    this.duration.value = String(minutes);
  }

  private setStart(instant: Date): void {
    const local = toLocalInput(instant, this.config.userTimezone);
    [this.date.value, this.time.value] = [local.slice(0, 10), local.slice(11)];
    this.shown = { local, instant };
    const minute = Math.floor(instant.getTime() / MINUTE_MS) * MINUTE_MS;
    this.showInstants(this.instants().findIndex((one) => one.getTime() === minute));
  }

  private get local(): string {
    return `${this.date.value}T${this.time.value}`;
  }

  /** null for a time that is skipped when the clocks go forward. */
  private start(): Date | null {
    const instants = this.instants();
    const chosen = instants[this.instantSelect.selectedIndex] ?? instants[0] ?? null;
    const { local, instant } = this.shown;
    const kept = chosen && Math.abs(instant.getTime() - chosen.getTime()) < MINUTE_MS;
    return this.local === local && kept ? instant : chosen;
  }

  private instants(): Date[] {
    // A year that is still being typed is no date yet.
    return this.date.value < "1000" ? [] : instantsAt(this.local, this.config.userTimezone);
  }

  private showInstants(index: number): void {
    const instants = this.instants();
    const zone = this.config.userTimezone;
    const options = instants.map((one) => h("option", {}, formatTimeWithOffset(one, zone)));
    this.instantSelect.replaceChildren(...options);
    this.instantSelect.selectedIndex = Math.max(index, 0);
    this.instantField.hidden = instants.length < 2;
    this.showHints();
  }

  private showHints(): void {
    const start = this.start();
    const hints = start ? this.others.map((person) => this.theirTime(person, start)) : [];
    this.theirs.replaceChildren(...hints.filter(Boolean).map((hint) => h("span", {}, hint)));
    const inThePast = start !== null && start.getTime() < Date.now();
    this.past.textContent = inThePast ? gettext("This time is in the past.") : "";
  }

  private theirTime(person: Person, start: Date): string {
    const { userTimezone, locale, zones, zoneNames } = this.config;
    const theirs = zones?.[person.id];
    if (!theirs) return "";
    if (!wallClocksDiffer(start, this.end(start), userTimezone, theirs)) return "";
    return interpolate(gettext("Local time for %(name)s: %(when)s (%(zone)s)"), {
      name: fullName(person),
      when: formatDayAndTime(start, theirs, locale),
      zone: zoneName(theirs, zoneNames),
    });
  }
}

/** “1 hour 30 minutes”, as on the lesson's form. */
function minutesText(minutes: number): string {
  const [hours, rest] = [Math.floor(minutes / 60), minutes % 60];
  const parts: string[] = [];
  if (hours) parts.push(interpolate(ngettext("%(n)s hour", "%(n)s hours", hours), { n: hours }));
  if (rest || !hours) {
    parts.push(interpolate(ngettext("%(n)s minute", "%(n)s minutes", rest), { n: rest }));
  }
  return parts.join(" ");
}
