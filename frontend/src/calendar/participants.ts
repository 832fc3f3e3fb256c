import { gettext, interpolate } from "../shared/gettext";
import type { Lesson, Person } from "./api";
import type { Config, Role } from "./config";

export function fullName(person: Person): string {
  return `${person.first_name} ${person.last_name}`.trim();
}

export function otherParticipant(lesson: Lesson, role: Role): Person {
  return role === "tutor" ? lesson.student : lesson.tutor;
}

/** The lesson's title, or with whom it is. */
export function lessonTitle(lesson: Lesson, { role }: Config): string {
  const name = fullName(otherParticipant(lesson, role));
  return lesson.title || interpolate(gettext("Lesson with %(name)s"), { name });
}
