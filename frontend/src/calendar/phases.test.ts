import { expect, test } from "vitest";
import type { Lesson } from "./api";
import type { Config } from "./config";
import { phaseOf } from "./phases";

const config = { phases: { 2: "running" } } as unknown as Config;
const lesson = (id: number, status = "scheduled") =>
  ({ id, status, starts_at: "2027-01-04T10:00:00Z", ends_at: "2027-01-04T11:00:00Z" }) as Lesson;
const at = (clock: string) => Date.parse(`2027-01-04T${clock}:00Z`);

test.each([
  ["09:44", "scheduled"],
  ["09:45", "soon"],
  ["10:00", "running"],
  ["11:00", "not_held"],
] as const)("a scheduled lesson at %s is %s", (clock, phase) => {
  expect(phaseOf(lesson(1), config, at(clock))).toBe(phase);
});

test("the room knows of a lesson that runs late, and the stored status wins", () => {
  expect(phaseOf(lesson(2), config, at("11:10"))).toBe("running");
  expect(phaseOf(lesson(1, "completed"), config, at("10:00"))).toBe("completed");
});
