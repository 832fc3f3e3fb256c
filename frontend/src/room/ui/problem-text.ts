import { gettext } from "../../shared/gettext";
import type { Problem } from "../state/problems";

const ERROR_TEXTS: Readonly<Record<string, string>> = {
  service_unavailable: gettext(
    "The server can’t save anything right now. Messages will be sent later; try anything else again in a moment.",
  ),
  storage_full: gettext(
    "The server has no space left, so this was not saved. Tell the tutor or the school.",
  ),
  forbidden: gettext("Only the tutor can do this."),
  throttled: gettext("That was too often. Wait a moment and try again."),
  "throttled chat.send": gettext("Too many chat messages right now. Yours will be sent later."),
  "throttled remove": gettext("Too many people have been removed from this lesson."),
  "validation_error page.lock": gettext("No more pages can be locked. Unlock one first."),
};

/** The text for a problem with this kind of message, or else for any. */
export function problemText({ code, ref }: Problem): string {
  return (
    ERROR_TEXTS[`${code} ${ref}`] ??
    ERROR_TEXTS[code] ??
    gettext("That didn’t work. Reload the page and try again.")
  );
}
