import { interpolate, ngettext } from "../shared/gettext";
import { formatSeconds } from "../shared/time";
import { each } from "./dom";

const DAY_SECONDS = 86_400;
/** Tolerance in case the server's clock is slightly behind. */
const RELOAD_DELAY_MS = 3000;

/** Counts down on the waiting page and reloads it when the time is reached. */
export function initCountdown(): void {
  each("[data-opens-at]", (clock) => {
    const opens = Date.parse(clock.dataset.opensAt ?? "");
    const tick = () => {
      const secondsLeft = Math.max(0, Math.round((opens - Date.now()) / 1000));
      clock.textContent = formatRemaining(secondsLeft);
      if (secondsLeft === 0) setTimeout(() => location.reload(), RELOAD_DELAY_MS);
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
export function formatRemaining(seconds: number): string {
  const days = Math.floor(seconds / DAY_SECONDS);
  if (days < 2) return formatSeconds(seconds);
  return interpolate(ngettext("%(days)s day", "%(days)s days", days), { days });
}
