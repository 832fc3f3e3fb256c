import { gettext } from "../shared/gettext";
import type { Lesson } from "./api";
import type { Config } from "./config";

/** What a lesson is now; apps/lessons/phases.py decides the same for the other pages. */
export type Phase =
  | "requested"
  | "scheduled"
  | "soon"
  | "running"
  | "completed"
  | "not_held"
  | "cancelled";

const SOON_MS = 15 * 60_000;

export function phaseOf(lesson: Lesson, config: Config, now = Date.now()): Phase {
  const [start, end] = [Date.parse(lesson.starts_at), Date.parse(lesson.ends_at)];
  if (lesson.status === "requested") return now >= start ? "cancelled" : "requested"; // it lapses
  if (lesson.status !== "scheduled") return lesson.status;
  if (now >= end) return config.phases?.[lesson.id] ?? "not_held";
  if (now >= start) return "running";
  return now >= start - SOON_MS ? "soon" : "scheduled";
}

export function isOver(phase: Phase): boolean {
  return phase === "completed" || phase === "not_held" || phase === "cancelled";
}

export function phaseText(phase: Phase): string {
  const texts = {
    requested: gettext("Waits for confirmation"),
    scheduled: gettext("Scheduled"),
    soon: gettext("Starts soon"),
    running: gettext("In progress"),
    completed: gettext("Completed"),
    not_held: gettext("Not held"),
    cancelled: gettext("Cancelled"),
  };
  return texts[phase];
}
