import { gettext, interpolate } from "../shared/gettext";
import type { Lesson, Participant, Person } from "./api";
import type { Config, Role } from "./config";

const MAX_NAMES = 2;

export function fullName(person: Person): string {
  return `${person.first_name} ${person.last_name}`.trim();
}

export function hasCancelled({ status }: Participant): boolean {
  return status === "cancelled" || status === "late_cancelled";
}

/** Those with whom the user meets: for a tutor the students who have not cancelled. */
export function otherPeople(lesson: Lesson, role: Role): Person[] {
  return role === "tutor" ? lesson.students.filter((one) => !hasCancelled(one)) : [lesson.tutor];
}

/** “Olena Koval, Ivan Melnyk +3” */
export function otherNames(lesson: Lesson, role: Role): string {
  const people = otherPeople(lesson, role);
  const named = people.length > 0 ? people : lesson.students;
  const names = named.slice(0, MAX_NAMES).map(fullName).join(", ");
  return named.length > MAX_NAMES ? `${names} +${named.length - MAX_NAMES}` : names;
}

/** The lesson's title, or with whom it is. */
export function lessonTitle(lesson: Lesson, { role }: Config): string {
  const name = otherNames(lesson, role);
  return lesson.title || interpolate(gettext("Lesson with %(name)s"), { name });
}
