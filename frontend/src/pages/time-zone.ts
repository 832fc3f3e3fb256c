import { formatDayAndTime, wallClocksDiffer } from "../shared/time";
import { firstSupportedZone } from "../shared/zones";
import { each } from "./dom";

/** Chromium still reports the former names of some zones. */
const RENAMED_ZONES: Readonly<Record<string, string>> = {
  "Africa/Asmera": "Africa/Asmara",
  "America/Buenos_Aires": "America/Argentina/Buenos_Aires",
  "America/Catamarca": "America/Argentina/Catamarca",
  "America/Coral_Harbour": "America/Atikokan",
  "America/Cordoba": "America/Argentina/Cordoba",
  "America/Godthab": "America/Nuuk",
  "America/Indianapolis": "America/Indiana/Indianapolis",
  "America/Jujuy": "America/Argentina/Jujuy",
  "America/Louisville": "America/Kentucky/Louisville",
  "America/Mendoza": "America/Argentina/Mendoza",
  "Asia/Calcutta": "Asia/Kolkata",
  "Asia/Katmandu": "Asia/Kathmandu",
  "Asia/Rangoon": "Asia/Yangon",
  "Asia/Saigon": "Asia/Ho_Chi_Minh",
  "Atlantic/Faeroe": "Atlantic/Faroe",
  "Europe/Kiev": "Europe/Kyiv",
  "Pacific/Enderbury": "Pacific/Kanton",
  "Pacific/Ponape": "Pacific/Pohnpei",
  "Pacific/Truk": "Pacific/Chuuk",
};

function browserZone(): string {
  const found = Intl.DateTimeFormat().resolvedOptions().timeZone;
  return RENAMED_ZONES[found] ?? found;
}

/** Preselects the browser's time zone in a form without a chosen one. */
export function preselectTimeZone(): void {
  const zone = browserZone();
  each<HTMLSelectElement>("select[data-detect-zone]", (select) => {
    if (select.dataset.detectZone === "chosen" || !zone) return;
    const known = [...select.options].some((option) => option.value === zone);
    if (!known) select.add(new Option(zone, zone));
    select.value = zone;
  });
}

/**
 * Shows times in the visitor's zone, next to the tutor's. An element that names the tutor's zone stays hidden while its
 * wall clock is the same.
 */
export function showLocalTimes(): void {
  const zone = browserZone();
  each<HTMLTimeElement>("time[data-local-time]", (time) => {
    const instant = new Date(time.dateTime);
    time.textContent = formatDayAndTime(instant, zone, document.documentElement.lang);
    const other = time.dataset.localTime;
    if (other && !wallClocksDiffer(instant, instant, zone, firstSupportedZone(other))) return;
    time.closest("[hidden]")?.removeAttribute("hidden");
  });
}
