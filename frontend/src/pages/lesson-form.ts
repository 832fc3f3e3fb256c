import { createTimeFormat, instantsAt } from "../shared/time";
import { firstSupportedZone } from "../shared/zones";
import { each } from "./dom";

/** Shows the other people's local times next to the chosen time, and warns of a time in the past. */
export function initLessonForm(): void {
  each<HTMLFormElement>("form[data-own-zone]", (form) => {
    const otherTimeHints = form.querySelectorAll<HTMLElement>("[data-their-time]");
    const ambiguousHint = form.querySelector<HTMLElement>("[data-ambiguous-time]");
    if (!ambiguousHint) return;
    const userZone = firstSupportedZone(form.dataset.ownZone);
    const pastHint = form.querySelector<HTMLElement>("[data-past-time]");
    const show = () => {
      const instants = chosenInstants(form, userZone);
      ambiguousHint.hidden = instants.length < 2 && !ambiguousHint.querySelector(".errorlist");
      const instant = instants[Number(value(form, "fold"))] ?? instants[0];
      for (const hint of otherTimeHints) showOtherTime(hint, instant);
      if (pastHint) pastHint.hidden = !instant || instant.getTime() >= Date.now();
    };
    form.addEventListener("input", show);
    show();
  });
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

function showOtherTime(hint: HTMLElement, instant: Date | undefined): void {
  hint.hidden = !instant;
  if (!instant) return;
  const format = createTimeFormat(
    { locale: document.documentElement.lang, timeZone: firstSupportedZone(hint.dataset.zone) },
    { weekday: "long", hour: "2-digit", minute: "2-digit" },
  );
  const when = format.format(instant);
  hint.textContent = (hint.dataset.theirTime ?? "").replace("{when}", () => when);
}
