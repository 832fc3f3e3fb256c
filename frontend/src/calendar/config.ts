import { learnZones, type ZoneFallbacks } from "../shared/zones";
import type { LessonStatus } from "./api";

export type Role = "tutor" | "student";

/** What the Django page says in `<script type="application/json" id="calendar-config">`. */
export interface Config {
  role: Role;
  /** The lessons that this person may move and cancel, by their status. */
  changeable: LessonStatus[];
  /** IANA name; every time on the page is in this zone, whatever the browser's own is. */
  userTimezone: string;
  locale: "uk" | "en";
  /** IANA names by the id of the people one has lessons with, to show the time by their clock. */
  zones?: Record<number, string>;
  /** IANA name → its city in the reader's language. */
  zoneNames?: Record<string, string>;
  /** Other names by the zone's own, for browsers that are older than its name. */
  zoneFallbacks?: ZoneFallbacks;
  /** Holds `{id}`, as in `/lessons/{id}/`; the room is `room/` below it. */
  lessonUrl: string;
  newLessonUrl: string;
  csrfToken: string;
  /** Where to sign in again; `?next=` is added. */
  signInUrl?: string;
  /** `week`, `day`, `month` or `agenda`, on screens wide enough for all of them. */
  initialView?: string;
  /** `YYYY-MM-DD` */
  initialDate?: string;
}

export function readConfig(): Config {
  const element = document.getElementById("calendar-config");
  if (!element) throw new Error("The page has no #calendar-config");
  const config = JSON.parse(element.textContent ?? "") as Config;
  learnZones(config.zoneFallbacks);
  return config;
}

export function lessonUrl(config: Config, id: number): string {
  return config.lessonUrl.replace("{id}", String(id));
}

export function roomUrl(config: Config, id: number): string {
  return `${lessonUrl(config, id)}room/`;
}

export function signInUrl(config: Config): string {
  const here = location.pathname + location.search;
  return `${config.signInUrl ?? "/accounts/login/"}?next=${encodeURIComponent(here)}`;
}
