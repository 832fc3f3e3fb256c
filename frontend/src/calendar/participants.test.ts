import { expect, test } from "vitest";
import type { Lesson, Participant } from "./api";
import type { Config } from "./config";
import { lessonTitle, otherNames, otherPeople } from "./participants";

const person = (id: number, first_name: string, last_name: string) => ({
  id,
  first_name,
  last_name,
});
const student = (id: number, name: string, status: Participant["status"] = "booked") => ({
  ...person(id, name, "Koval"),
  status,
});
const lesson = (students: Participant[], title = "") =>
  ({ title, tutor: person(1, "Taras", "Bondar"), students }) as Lesson;

test("an event names two students and counts the others", () => {
  const four = lesson(["Anna", "Ivan", "Olha", "Petro"].map((name, id) => student(id, name)));
  expect(otherNames(four, "tutor")).toBe("Anna Koval, Ivan Koval +2");
  expect(otherNames(four, "student")).toBe("Taras Bondar");
});

test("a student who has cancelled is not named, unless nobody else is left", () => {
  const one = lesson([student(1, "Anna", "late_cancelled"), student(2, "Ivan", "attended")]);
  expect(otherPeople(one, "tutor").map(({ id }) => id)).toEqual([2]);
  expect(otherNames(one, "tutor")).toBe("Ivan Koval");
  expect(otherNames(lesson([student(1, "Anna", "cancelled")]), "tutor")).toBe("Anna Koval");
});

test("a lesson without a title is called by its people", () => {
  const tutor = { role: "tutor" } as Config;
  expect(lessonTitle(lesson([student(1, "Anna")]), tutor)).toBe("Lesson with Anna Koval");
  expect(lessonTitle(lesson([student(1, "Anna")], "Fractions"), tutor)).toBe("Fractions");
});
