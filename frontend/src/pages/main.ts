/** Progressive enhancement for every page; searching, joining and scheduling work without it. */
import { initCopyButtons } from "./copy-buttons";
import { initCountdown } from "./countdown";
import { initDialogs, initMenus } from "./dialogs";
import { each } from "./dom";
import { initLessonForm } from "./lesson-form";
import { initLiveSearch } from "./live-search";
import { initSignOutReload, preventDoubleSubmits } from "./submit";
import { initThemeButtons } from "./theme";
import { preselectTimeZone, showLocalTimes } from "./time-zone";

initThemeButtons();
preselectTimeZone();
showLocalTimes();
initCopyButtons();
initLiveSearch();
initDialogs();
initMenus();
preventDoubleSubmits();
initSignOutReload();
initLessonForm();
initCountdown();

// “I am a student” on the landing page preselects the role in the sign-up form.
each<HTMLInputElement>("form input[name=role]", (radio) => {
  if (radio.value === new URLSearchParams(location.search).get("role")) radio.checked = true;
});
