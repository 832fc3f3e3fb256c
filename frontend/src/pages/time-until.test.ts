import { expect, test } from "vitest";
import { timeUntil } from "./time-until";

const start = "2027-01-04T10:00:00Z";

test.each([
  ["09:00", "in 60 minutes", "через 60 хвилин"],
  ["09:55", "in 5 minutes", "через 5 хвилин"],
  ["10:05", "now", "зараз"],
] as const)("at %s", (clock, english, ukrainian) => {
  const now = Date.parse(`2027-01-04T${clock}:00Z`);
  expect(timeUntil(start, now, "en")).toBe(english);
  expect(timeUntil(start, now, "uk")).toBe(ukrainian);
});

test("a lesson later in the day keeps its time", () => {
  expect(timeUntil(start, Date.parse("2027-01-04T08:00:00Z"), "en")).toBeNull();
});
