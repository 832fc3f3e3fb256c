import { ApiError } from "../shared/api";
import { gettext } from "../shared/gettext";
import type { Api } from "./api";
import { type Config, signInUrl } from "./config";
import type { Action, createPopover, Notice, Notices } from "./notices";

/** Services shared by the parts of the calendar. */
export interface App {
  config: Config;
  api: Api;
  notices: Notices;
  popover: ReturnType<typeof createPopover>;
  /** Reloads the events of the visible range. */
  refetch: () => void;
}

/** The error message for the user; the API's messages are already translated. */
export function errorText(error: unknown): string {
  if (!(error instanceof ApiError)) throw error;
  if (error.code === "network_error") {
    return gettext("No connection to the server. Nothing was changed.");
  }
  if (error.code === "not_authenticated") return gettext("You have been signed out.");
  return error.text || gettext("Something went wrong on the server.");
}

/** Shows a notice for a failed request, with a sign-in link or a retry button. */
export function failureNotice(app: App, error: unknown, retry?: () => void): Notice {
  const notice: Notice = { text: errorText(error), alert: true };
  if (error instanceof ApiError && error.code === "not_authenticated") {
    notice.link = { text: gettext("Sign in"), href: signInUrl(app.config) };
  } else if (retry) {
    const action: Action = { text: gettext("Try again"), run: retry };
    notice.action = action;
  }
  return notice;
}
