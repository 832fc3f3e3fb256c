import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { createTimeFormat, formatTimeRange, toLocalInput } from "./time";
import { registerZoneFallbacks, resolveZone } from "./zones";

const RealFormat = Intl.DateTimeFormat;
const NOON = new Date("2026-07-02T12:00:00Z");

/** Simulates a browser that does not know these zone names. */
function forget(...names: string[]): void {
  class OldFormat extends RealFormat {
    constructor(locale?: string, options?: Intl.DateTimeFormatOptions) {
      if (names.includes(options?.timeZone ?? "")) throw new RangeError("Invalid time zone");
      super(locale, options);
    }
  }
  vi.stubGlobal("Intl", { ...Intl, DateTimeFormat: OldFormat });
}

beforeEach(() => registerZoneFallbacks());
afterEach(() => vi.unstubAllGlobals());

it.each([
  ["Europe/Kyiv", "Europe/Kiev", "15:00"],
  ["Asia/Kolkata", "Asia/Calcutta", "17:30"],
  ["America/Nuuk", "America/Godthab", "11:00"],
  ["Pacific/Kanton", "Pacific/Enderbury", "01:00"],
  ["Asia/Yangon", "Asia/Rangoon", "18:30"],
])("shows the clock of %s where only %s is known", (zone, former, clock) => {
  forget(zone);
  registerZoneFallbacks({ [zone]: [former, "Etc/GMT-9"] });
  expect(toLocalInput(NOON, zone).slice(11)).toBe(clock);
  const format = createTimeFormat(
    { locale: "en", timeZone: zone },
    { hour: "2-digit", minute: "2-digit" },
  );
  expect(format.format(NOON)).toBe(clock);
  expect(formatTimeRange(NOON, NOON, zone, "en")).toContain(clock);
});

it("falls back to the offset without a known name, and to UTC without either", () => {
  forget("Europe/Kyiv", "Europe/Kiev");
  registerZoneFallbacks({ "Europe/Kyiv": ["Europe/Kiev", "Etc/GMT-3"] });
  expect(toLocalInput(NOON, "Europe/Kyiv").slice(11)).toBe("15:00");
  expect(resolveZone("Mars/Olympus")).toBe("UTC");
});

it("prefers the zone's own name when it is known", () => {
  registerZoneFallbacks({ "Europe/Kyiv": ["Etc/GMT-9"] });
  expect(resolveZone("Europe/Kyiv")).toBe("Europe/Kyiv");
});
