import { expect, it } from "vitest";
import { clockText, remaining, timeFormat } from "./time";

it("counts down by the server's clock", () => {
  const now = Date.parse("2026-03-02T12:00:00Z");
  expect(remaining("2026-03-02T12:01:00Z", now, 0)).toBe(60);
  expect(remaining("2026-03-02T12:01:00Z", now, 5000)).toBe(55);
  expect(remaining("2026-03-02T11:59:00Z", now, 0)).toBe(0);
});

it("is written as a clock", () => {
  expect([5, 65, 3605].map(clockText)).toEqual(["00:05", "01:05", "1:00:05"]);
});

it("is the account's clock", () => {
  const noon = new Date("2026-03-02T12:00:00Z");
  const at = (timeZone: string) =>
    timeFormat({ locale: "en", timeZone }, { hour: "2-digit", minute: "2-digit" }).format(noon);
  expect([at("Europe/Kyiv"), at("America/New_York")]).toEqual(["14:00", "07:00"]);
});

it("is the browser's clock for who has no account", () => {
  const format = timeFormat({ locale: "uk", timeZone: null }, { dateStyle: "medium" });
  expect(format.resolvedOptions().timeZone).toBe(
    new Intl.DateTimeFormat().resolvedOptions().timeZone,
  );
});
