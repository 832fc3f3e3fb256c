import { interpolate, ngettext } from "../shared/gettext";
import { clockText } from "../shared/time";
import { each } from "./dom";

const DAY = 86_400;
/** Tolerance in case the server's clock is slightly behind. */
const GRACE_MS = 3000;

/** Counts down on the waiting page and reloads it when the time is reached. */
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

/** Formats as `2 days`, or `47:59:59` below two days. */
export function remainingText(seconds: number): string {
  const days = Math.floor(seconds / DAY);
  if (days < 2) return clockText(seconds);
  return interpolate(ngettext("%(days)s day", "%(days)s days", days), { days });
}
