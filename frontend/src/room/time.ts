import { intlLocale } from "../calendar/time";
import { knownZone } from "../zones";
import type { Config } from "./config";

/** Whole seconds until `endsAt` by the server's clock, which is `offset` ms ahead of ours. */
export function remaining(endsAt: string, now: number, offset: number): number {
  return Math.max(0, Math.ceil((Date.parse(endsAt) - (now + offset)) / 1000));
}

/** Instants by the clock of the person's account, as on every other page. */
export function timeFormat(
  { locale, timeZone }: Pick<Config, "locale" | "timeZone">,
  options: Intl.DateTimeFormatOptions,
): Intl.DateTimeFormat {
  return new Intl.DateTimeFormat(intlLocale(locale), {
    timeZone: timeZone === null ? undefined : knownZone(timeZone),
    hourCycle: "h23",
    ...options,
  });
}

export function clockText(seconds: number): string {
  const two = (value: number) => String(value).padStart(2, "0");
  const hours = Math.floor(seconds / 3600);
  const rest = `${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`;
  return hours ? `${hours}:${rest}` : rest;
}
