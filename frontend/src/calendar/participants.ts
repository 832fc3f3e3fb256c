import type { Lesson, Person } from "./api";
import type { Role } from "./config";

export function fullName(person: Person): string {
  return `${person.first_name} ${person.last_name}`.trim();
}

export function otherParticipant(lesson: Lesson, role: Role): Person {
  return role === "tutor" ? lesson.student : lesson.tutor;
}
