import { registerZoneFallbacks, type ZoneFallbacks } from "../shared/zones";

/** Configuration from `<script type="application/json" id="room-config">` in the page. */
export interface Config {
  sessionUuid: string;
  joinUrl: string;
  /** A visitor without an account, whose name is sent with `join`. */
  guest: boolean;
  maxNameLength: number;
  lessonId: number;
  lessonUrl: string;
  title: string;
  locale: "uk" | "en";
  /** The account's time zone; null for guests, who see the browser's zone. */
  timeZone: string | null;
  /** Aliases by zone name, for browsers that do not know a newer name. */
  zoneFallbacks?: ZoneFallbacks;
  csrfToken: string;
  user: { name: string } | null;
}

export function readConfig(): Config {
  const element = document.getElementById("room-config");
  if (!element) throw new Error("The page has no #room-config");
  const config = JSON.parse(element.textContent ?? "") as Config;
  registerZoneFallbacks(config.zoneFallbacks);
  return config;
}

/** `/api/classroom/sessions/{uuid}/` */
export function apiBaseUrl(config: Config): string {
  return config.joinUrl.replace(/join\/?$/, "");
}

/** Whether `?relay=1` sends all media through the TURN server, for testing it. */
export function isRelayOnly(): boolean {
  return new URLSearchParams(location.search).get("relay") === "1";
}
