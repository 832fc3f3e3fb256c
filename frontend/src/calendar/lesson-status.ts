import { gettext } from "../shared/gettext";
import type { Lesson, LessonStatus } from "./api";
import type { Config } from "./config";

export function mayChange(lesson: Lesson, config: Config): boolean {
  return config.changeable.includes(lesson.status);
}

export function statusText(status: LessonStatus): string {
  const texts = {
    scheduled: gettext("Scheduled"),
    completed: gettext("Completed"),
    cancelled: gettext("Cancelled"),
  };
  return texts[status];
}
