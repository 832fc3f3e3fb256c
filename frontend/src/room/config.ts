import { type PageConfig, readPageConfig } from "../shared/config";

/** The page's `#room-config`. */
export interface Config extends PageConfig {
  sessionUuid: string;
  joinUrl: string;
  /** A visitor without an account, whose name is sent with `join`. */
  guest: boolean;
  maxNameLength: number;
  lessonId: number;
  lessonUrl: string;
  /** The board of the lesson before in the series; empty if there is none for this person. */
  previousBoardUrl: string;
  title: string;
  /** The account's time zone; null for guests, who see the browser's zone. */
  timeZone: string | null;
  user: { name: string } | null;
}

export const readConfig = () => readPageConfig<Config>("room-config");

/** `/api/classroom/sessions/{uuid}/` */
export function apiBaseUrl(config: Config): string {
  return config.joinUrl.replace(/join\/?$/, "");
}

/** Whether `?relay=1` sends all media through the TURN server, for testing it. */
export function isRelayOnly(): boolean {
  return new URLSearchParams(location.search).get("relay") === "1";
}
