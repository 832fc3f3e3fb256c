import { each } from "./dom";

const UPDATE_MS = 20_000;

/** Keeps “in 5 minutes” true in the `<time data-time-until>` of a lesson that starts within the hour. */
export function initTimeUntil(): void {
  each<HTMLTimeElement>("time[data-time-until]", (element) => {
    const original = element.textContent ?? "";
    const show = () => {
      element.textContent = timeUntil(element.dateTime, Date.now()) ?? original;
    };
    show();
    setInterval(show, UPDATE_MS);
  });
}

/** `in 5 minutes`, `now`; null for a lesson that starts later than in an hour. */
export function timeUntil(
  start: string,
  now: number,
  language = document.documentElement.lang,
): string | null {
  const minutes = Math.max(0, Math.ceil((Date.parse(start) - now) / 60_000));
  if (minutes > 60) return null;
  const format = new Intl.RelativeTimeFormat(language, { numeric: "auto" });
  return minutes ? format.format(minutes, "minute") : format.format(0, "second");
}
