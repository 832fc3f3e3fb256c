import type { Lesson } from "./api";
import type { Config } from "./config";

export function mayChange(lesson: Lesson, config: Config): boolean {
  return config.changeable.includes(lesson.status);
}
