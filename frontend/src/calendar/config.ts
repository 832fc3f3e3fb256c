import { type PageConfig, readPageConfig } from "../shared/config";
import type { LessonStatus } from "./api";
import type { Phase } from "./phases";

export type Role = "tutor" | "student";

/** The page's `#calendar-config`. */
export interface Config extends PageConfig {
  role: Role;
  /** Statuses of the lessons that the user may move and cancel. */
  changeable: LessonStatus[];
  /** Phases, by id, of lessons past their end that were not missed. */
  phases?: Record<number, Phase>;
  /** Durations to choose from, and that of each student's last lesson, in minutes. */
  durations?: number[];
  lastMinutes?: Record<number, number>;
  /** IANA name of the zone for every time on the page, regardless of the browser's zone. */
  userTimezone: string;
  /** IANA zones of the other participants by person id, to show their local time. */
  zones?: Record<number, string>;
  /** City name in the user's language by IANA zone. */
  zoneNames?: Record<string, string>;
  /** “Kyiv time”: whose clock the calendar shows. */
  zoneTime: string;
  /** Holds `{id}`, as in `/lessons/{id}/`; the room is `room/` below it. */
  lessonUrl: string;
  /** Holds `{id}`; empty for a student. */
  studentUrl?: string;
  /** The page that makes a series; empty for a student. */
  newSeriesUrl?: string;
  /** Sign-in URL, to which `?next=` is added. */
  signInUrl?: string;
  /** `week`, `day`, `month` or `agenda`, on screens wide enough for all of them. */
  initialView?: string;
  /** `YYYY-MM-DD` */
  initialDate?: string;
}

export const readConfig = () => readPageConfig<Config>("calendar-config");

export function lessonUrl(config: Config, id: number): string {
  return config.lessonUrl.replace("{id}", String(id));
}

/** The card of a lesson's student, for the tutor. */
export function studentUrl(config: Config, id: number): string {
  return (config.studentUrl ?? "").replace("{id}", String(id));
}

export function roomUrl(config: Config, id: number): string {
  return `${lessonUrl(config, id)}room/`;
}

/** The page that shows the board without entering the room. */
export function boardUrl(config: Config, id: number): string {
  return `${lessonUrl(config, id)}board/`;
}

export function signInUrl(config: Config): string {
  const here = location.pathname + location.search;
  return `${config.signInUrl ?? "/accounts/login/"}?next=${encodeURIComponent(here)}`;
}
