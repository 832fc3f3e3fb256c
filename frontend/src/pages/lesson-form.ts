import { instantsAt } from "../shared/time";
import { knownZone, learnZones } from "../shared/zones";
import { each } from "./dom";

/** Shows the other person's local time next to the chosen time. */
export function lessonForm(): void {
  each<HTMLFormElement>("form[data-own-zone]", (form) => {
    const hint = form.querySelector<HTMLElement>("[data-their-time]");
    const twice = form.querySelector<HTMLElement>("[data-comes-twice]");
    if (!hint || !twice) return;
    const own = zoneOf(form.dataset.ownZone);
    const theirs = zoneOf(form.dataset.theirZone);
    const sameZone = form.dataset.ownZone === form.dataset.theirZone;
    const show = () => {
      const instants = chosenInstants(form, own);
      twice.hidden = instants.length < 2 && !twice.querySelector(".errorlist");
      const instant = instants[Number(value(form, "fold"))] ?? instants[0];
      hint.hidden = !instant || sameZone;
      if (instant && !sameZone) hint.textContent = theirTime(hint, instant, theirs);
    };
    form.addEventListener("input", show);
    show();
  });
}

/** The first of a zone's names, in order of preference, that this browser knows. */
function zoneOf(names = ""): string {
  const [name = "UTC", ...others] = names.split(" ");
  learnZones({ [name]: others });
  return knownZone(name);
}

function value(form: HTMLFormElement, name: string): string {
  const field = form.elements.namedItem(name);
  const hasValue =
    field instanceof HTMLInputElement ||
    field instanceof HTMLSelectElement ||
    field instanceof RadioNodeList;
  return hasValue ? field.value : "";
}

/** The instants of the chosen date and time in `zone`: none, one, or two when the clocks go back. */
function chosenInstants(form: HTMLFormElement, zone: string): Date[] {
  const [date, time] = [value(form, "date"), value(form, "time")];
  // Ignore a year that is still being typed.
  if (!date || !time || date < "1000") return [];
  return instantsAt(`${date}T${time}`, zone);
}

function theirTime(hint: HTMLElement, instant: Date, timeZone: string): string {
  const when = instant.toLocaleString(document.documentElement.lang, {
    timeZone,
    weekday: "long",
    hour: "2-digit",
    minute: "2-digit",
  });
  return (hint.dataset.theirTime ?? "").replace("{when}", () => when);
}
