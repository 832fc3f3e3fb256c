import { learnZones, type ZoneFallbacks } from "../shared/zones";

/** What the Django page says in `<script type="application/json" id="room-config">`. */
export interface Config {
  sessionUuid: string;
  joinUrl: string;
  /** The token of the link by which a guest came. */
  invite: string | null;
  /** No account: the name is asked for and sent with `join`. */
  guest: boolean;
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
  learnZones(config.zoneFallbacks);
  return config;
}

/** `/api/classroom/sessions/{uuid}/`, below which everything of a room is. */
export function apiRoot(config: Config): string {
  return config.joinUrl.replace(/join\/?$/, "");
}

/** `?relay=1` sends all media through the relay, which is how a relay is tried out. */
export function relayOnly(): boolean {
  return new URLSearchParams(location.search).get("relay") === "1";
}
