import { gettext } from "../shared/gettext";
import { announce } from "./dom";

export const PROGRESS_DELAY_MS = 500;

/** Shows a progress bar after half a second; returns a function that hides it. */
export function showProgress(): () => void {
  let bar: HTMLElement | undefined;
  const timer = setTimeout(() => {
    bar = document.createElement("div");
    bar.className = "progress";
    document.body.append(bar);
    announce(gettext("Please wait…"));
  }, PROGRESS_DELAY_MS);
  return () => {
    clearTimeout(timer);
    bar?.remove();
  };
}
