/** Conversion and formatting of instants and wall-clock times in an explicit IANA zone, never the browser's default. */

import { resolveZone } from "./zones";

const MINUTE_MS = 60_000;

const wallClockFormats = new Map<string, Intl.DateTimeFormat>();

function wallClockFormat(zone: string): Intl.DateTimeFormat {
  let format = wallClockFormats.get(zone);
  if (!format) {
    format = new Intl.DateTimeFormat("en-US", {
      timeZone: resolveZone(zone),
      hourCycle: "h23",
      year: "numeric",
      month: "2-digit",
      day: "2-digit",
      hour: "2-digit",
      minute: "2-digit",
    });
    wallClockFormats.set(zone, format);
  }
  return format;
}

/** The wall-clock time of `zone` at `instant` in datetime-local format: `2026-03-02T15:00`. */
export function toLocalInput(instant: Date, zone: string): string {
  const parts: Record<string, string> = {};
  for (const { type, value } of wallClockFormat(zone).formatToParts(instant)) parts[type] = value;
  return `${parts.year}-${parts.month}-${parts.day}T${parts.hour}:${parts.minute}`;
}

/** UTC offset of `zone` at `instant`, in minutes. */
export function offsetMinutes(instant: Date, zone: string): number {
  const wall = Date.parse(`${toLocalInput(instant, zone)}Z`);
  return Math.round((wall - Math.floor(instant.getTime() / MINUTE_MS) * MINUTE_MS) / MINUTE_MS);
}

/**
 * The instants at which the wall clock of `zone` shows `local` (`2026-03-02T15:00`): two for an ambiguous time in
 * autumn, none for a time that is skipped in spring or is invalid.
 */
export function instantsAt(local: string, zone: string): Date[] {
  const wall = Date.parse(`${local}Z`);
  if (Number.isNaN(wall)) return [];
  // No zone changes its offset twice in two days, so these are the two possible offsets.
  const offsets = [-1, 1].map((day) =>
    offsetMinutes(new Date(wall + day * 1440 * MINUTE_MS), zone),
  );
  const wanted = local.slice(0, 16);
  return [...new Set(offsets)]
    .map((offset) => new Date(wall - offset * MINUTE_MS))
    .sort((a, b) => a.getTime() - b.getTime())
    .filter((instant) => toLocalInput(instant, zone) === wanted);
}

/** The first of `instantsAt`, or null. */
export function fromLocalInput(local: string, zone: string): Date | null {
  return instantsAt(local, zone)[0] ?? null;
}

/** Whether the wall-clock time of `instant` is ambiguous in `zone`. */
export function isAmbiguous(instant: Date, zone: string): boolean {
  return instantsAt(toLocalInput(instant, zone), zone).length > 1;
}

/** `UTC+3`, `UTC−3:30` */
export function formatOffset(instant: Date, zone: string): string {
  const offset = offsetMinutes(instant, zone);
  const minutes = Math.abs(offset) % 60;
  const hours = Math.floor(Math.abs(offset) / 60);
  if (offset === 0) return "UTC";
  const rest = minutes ? `:${String(minutes).padStart(2, "0")}` : "";
  return `UTC${offset < 0 ? "−" : "+"}${hours}${rest}`;
}

/** `03:30 (UTC+3)` */
export function formatTimeWithOffset(instant: Date, zone: string): string {
  return `${toLocalInput(instant, zone).slice(11)} (${formatOffset(instant, zone)})`;
}

/** `03:30 (UTC+3) – 03:30 (UTC+2)` when one of the two is ambiguous; else null. */
export function formatAmbiguousRange(start: Date, end: Date, zone: string): string | null {
  if (!isAmbiguous(start, zone) && !isAmbiguous(end, zone)) return null;
  return `${formatTimeWithOffset(start, zone)} – ${formatTimeWithOffset(end, zone)}`;
}

/** `2026-03-02` of `zone` at `instant`. */
export function localDate(instant: Date, zone: string): string {
  return toLocalInput(instant, zone).slice(0, 10);
}

/** `Monday, 2 March, 15:00 – 16:00` in the words of `locale`. */
export function formatTimeRange(start: Date, end: Date, zone: string, locale: string): string {
  const day = {
    timeZone: resolveZone(zone),
    weekday: "long",
    day: "numeric",
    month: "long",
  } as const;
  const clock = { hour: "2-digit", minute: "2-digit", hourCycle: "h23" } as const;
  const format = (parts: Intl.DateTimeFormatOptions) =>
    new Intl.DateTimeFormat(intlLocale(locale), parts);
  const ambiguous = formatAmbiguousRange(start, end, zone);
  const text = ambiguous
    ? `${format(day).format(start)}, ${ambiguous}`
    : format({ ...day, ...clock }).formatRange(start, end);
  return text.replace(/\u02bc/g, "’"); // ICU writes “пʼятниця” with U+02BC.
}

/** For a text that stands alone: `formatTimeRange` is written as within a sentence. */
export function capitalize(text: string, locale: string): string {
  return text.charAt(0).toLocaleUpperCase(locale) + text.slice(1);
}

/** `Monday, 4 January, 10:00` */
export function formatDayAndTime(instant: Date, zone: string, locale: string): string {
  const parts = { weekday: "long", day: "numeric", month: "long" } as const;
  const day = new Intl.DateTimeFormat(intlLocale(locale), {
    timeZone: resolveZone(zone),
    ...parts,
  }).format(instant);
  return `${day.replace(/\u02bc/g, "’")}, ${toLocalInput(instant, zone).slice(11)}`;
}

/** British English: a 24-hour clock and weeks that begin on Monday. */
function intlLocale(locale: string): string {
  return locale === "en" ? "en-GB" : locale;
}

/** Whether the wall clocks of the two zones differ during the lesson. */
export function wallClocksDiffer(start: Date, end: Date, mine: string, theirs: string): boolean {
  return [start, end].some(
    (instant) => offsetMinutes(instant, mine) !== offsetMinutes(instant, theirs),
  );
}

/** The zone's city in the user's language, if the page provides it. */
export function zoneName(zone: string, names: Record<string, string> = {}): string {
  return names[zone] ?? zone.replace(/_/g, " ");
}

/** Whole seconds until `endsAt`; the server's clock is `offset` ms ahead of the local one. */
export function secondsUntil(endsAt: string, now: number, offset: number): number {
  return Math.max(0, Math.ceil((Date.parse(endsAt) - (now + offset)) / 1000));
}

/** Formats instants in the account's time zone, as on every other page. */
export function createTimeFormat(
  { locale, timeZone }: { locale: string; timeZone: string | null },
  options: Intl.DateTimeFormatOptions,
): Intl.DateTimeFormat {
  return new Intl.DateTimeFormat(intlLocale(locale), {
    timeZone: timeZone === null ? undefined : resolveZone(timeZone),
    hourCycle: "h23",
    ...options,
  });
}

export function formatSeconds(seconds: number): string {
  const pad = (value: number) => String(value).padStart(2, "0");
  const hours = Math.floor(seconds / 3600);
  const rest = `${pad(Math.floor(seconds / 60) % 60)}:${pad(seconds % 60)}`;
  return hours ? `${hours}:${rest}` : rest;
}
