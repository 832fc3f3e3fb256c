import { interpolate, ngettext } from "../shared/gettext";
import { clockText } from "../shared/time";
import { each } from "./dom";

const DAY = 86_400;
/** The server may be a little behind. */
const GRACE_MS = 3000;

/** The waiting page counts down, and looks again when the time has come. */
export function countdown(): void {
  each("[data-opens-at]", (clock) => {
    const opens = Date.parse(clock.dataset.opensAt ?? "");
    const tick = () => {
      const left = Math.max(0, Math.round((opens - Date.now()) / 1000));
      clock.textContent = remainingText(left);
      if (left === 0) setTimeout(() => location.reload(), GRACE_MS);
      else setTimeout(tick, 1000);
    };
    tick();
  });
  each("[data-refresh]", (button) => {
    button.addEventListener("click", (event) => {
      event.preventDefault();
      location.reload();
    });
  });
}

/** `2 days`, or `47:59:59` where it is less. */
export function remainingText(seconds: number): string {
  const days = Math.floor(seconds / DAY);
  if (days < 2) return clockText(seconds);
  return interpolate(ngettext("%(days)s day", "%(days)s days", days), { days });
}
