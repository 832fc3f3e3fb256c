import { describe, expect, it } from "vitest";
import {
  createTimeFormat,
  formatOffset,
  formatSeconds,
  formatTimeRange,
  fromLocalInput,
  instantsAt,
  isAmbiguous,
  localDate,
  offsetMinutes,
  secondsUntil,
  toLocalInput,
  wallClocksDiffer,
} from "./time";

const KYIV = "Europe/Kyiv";
const NEW_YORK = "America/New_York";
const iso = (local: string, zone: string) => fromLocalInput(local, zone)?.toISOString() ?? null;

describe("offsets", () => {
  it.each([
    ["2026-01-15T12:00:00Z", KYIV, 120],
    ["2026-07-15T12:00:00Z", KYIV, 180],
    ["2026-01-15T12:00:00Z", NEW_YORK, -300],
    ["2026-07-15T12:00:00Z", NEW_YORK, -240],
    ["2026-07-15T12:00:59.999Z", "Asia/Kathmandu", 345],
  ])("%s in %s is %i minutes from UTC", (instant, zone, minutes) => {
    expect(offsetMinutes(new Date(instant), zone)).toBe(minutes);
  });
});

describe("conversion between wall-clock time and instant", () => {
  it.each([
    ["2026-01-15T15:00", KYIV, "2026-01-15T13:00:00.000Z"],
    ["2026-07-15T15:00", KYIV, "2026-07-15T12:00:00.000Z"],
    // The clock goes forward at 03:00 in Kyiv, at 02:00 in New York.
    ["2026-03-29T02:59", KYIV, "2026-03-29T00:59:00.000Z"],
    ["2026-03-29T04:00", KYIV, "2026-03-29T01:00:00.000Z"],
    ["2026-03-08T01:59", NEW_YORK, "2026-03-08T06:59:00.000Z"],
    ["2026-03-08T03:00", NEW_YORK, "2026-03-08T07:00:00.000Z"],
    // And back in autumn.
    ["2026-10-25T02:59", KYIV, "2026-10-24T23:59:00.000Z"],
    ["2026-10-25T04:00", KYIV, "2026-10-25T02:00:00.000Z"],
    ["2026-11-01T02:00", NEW_YORK, "2026-11-01T07:00:00.000Z"],
    ["2026-06-01T00:00", NEW_YORK, "2026-06-01T04:00:00.000Z"],
  ])("%s in %s is %s", (local, zone, instant) => {
    expect(iso(local, zone)).toBe(instant);
    expect(toLocalInput(new Date(instant), zone)).toBe(local);
  });

  it.each([
    ["2026-03-29T03:30", KYIV],
    ["2026-03-08T02:30", NEW_YORK],
  ])("%s does not exist in %s", (local, zone) => {
    expect(fromLocalInput(local, zone)).toBeNull();
  });

  it.each([
    ["2026-10-25T03:30", KYIV, "2026-10-25T00:30:00.000Z"],
    ["2026-11-01T01:30", NEW_YORK, "2026-11-01T05:30:00.000Z"],
  ])("the ambiguous %s in %s resolves to the first instant", (local, zone, instant) => {
    expect(iso(local, zone)).toBe(instant);
  });

  it("returns null for an invalid time", () => {
    expect(fromLocalInput("", KYIV)).toBeNull();
    expect(fromLocalInput("tomorrow", KYIV)).toBeNull();
  });
});

describe("formatted times", () => {
  const start = new Date("2026-03-02T15:00:00Z");
  const end = new Date("2026-03-02T16:00:00Z");

  it("use the day in the zone", () => {
    expect(localDate(new Date("2026-07-01T22:30:00Z"), KYIV)).toBe("2026-07-02");
    expect(localDate(new Date("2026-07-01T22:30:00Z"), NEW_YORK)).toBe("2026-07-01");
  });

  it("use the given zone and language", () => {
    expect(formatTimeRange(start, end, KYIV, "en")).toMatch(/^Monday.*2 March.*17:00.*18:00$/);
    const friday = (day: Date) => new Date(day.getTime() + 4 * 86_400_000);
    expect(formatTimeRange(friday(start), friday(end), KYIV, "uk")).toMatch(/^п’ятниця, 6 березня/);
    expect(formatTimeRange(start, end, NEW_YORK, "uk")).toMatch(
      /^понеділок.*2 березня.*10:00.*11:00$/,
    );
  });

  it("compare wall clocks, not zone names", () => {
    expect(wallClocksDiffer(start, end, KYIV, NEW_YORK)).toBe(true);
    expect(wallClocksDiffer(start, end, KYIV, "Europe/Kiev")).toBe(false);
    expect(wallClocksDiffer(start, end, KYIV, "Europe/Athens")).toBe(false);
  });
});

describe("the ambiguous hour", () => {
  const first = new Date("2026-10-25T00:30:00Z");
  const second = new Date("2026-10-25T01:30:00Z");

  it("has two instants, while other hours have one or none", () => {
    expect(instantsAt("2026-10-25T03:30", KYIV)).toEqual([first, second]);
    expect(instantsAt("2026-10-25T04:30", KYIV)).toHaveLength(1);
    expect(instantsAt("2026-03-29T03:30", KYIV)).toEqual([]);
    expect(isAmbiguous(second, KYIV)).toBe(true);
    expect(isAmbiguous(second, NEW_YORK)).toBe(false);
  });

  it.each(["en", "uk"])("shows the offset of ambiguous times in %s", (locale) => {
    const text = formatTimeRange(first, second, KYIV, locale);
    expect(text).toContain("03:30 (UTC+3) – 03:30 (UTC+2)");
    expect(text).toMatch(/25/);
  });

  it.each([
    ["2026-01-01T12:00:00Z", "UTC", "UTC"],
    ["2026-01-01T12:00:00Z", "Asia/Kathmandu", "UTC+5:45"],
    ["2026-01-01T12:00:00Z", "America/St_Johns", "UTC−3:30"],
  ])("at %s in %s is %s", (instant, zone, text) => {
    expect(formatOffset(new Date(instant), zone)).toBe(text);
  });
});

it("counts down with the server's clock offset", () => {
  const now = Date.parse("2026-03-02T12:00:00Z");
  expect(secondsUntil("2026-03-02T12:01:00Z", now, 0)).toBe(60);
  expect(secondsUntil("2026-03-02T12:01:00Z", now, 5000)).toBe(55);
  expect(secondsUntil("2026-03-02T11:59:00Z", now, 0)).toBe(0);
});

it("formats the countdown as a clock", () => {
  expect([5, 65, 3605].map(formatSeconds)).toEqual(["00:05", "01:05", "1:00:05"]);
});

it("formats in the account's zone", () => {
  const noon = new Date("2026-03-02T12:00:00Z");
  const at = (timeZone: string) =>
    createTimeFormat({ locale: "en", timeZone }, { hour: "2-digit", minute: "2-digit" }).format(
      noon,
    );
  expect([at("Europe/Kyiv"), at("America/New_York")]).toEqual(["14:00", "07:00"]);
});

it("formats in the browser's zone without an account", () => {
  const format = createTimeFormat({ locale: "uk", timeZone: null }, { dateStyle: "medium" });
  expect(format.resolvedOptions().timeZone).toBe(
    new Intl.DateTimeFormat().resolvedOptions().timeZone,
  );
});
