/** Progressive enhancement for every page; searching, joining and scheduling work without it. */
import { initCopyButtons } from "./copy-buttons";
import { initCountdown } from "./countdown";
import { initDialogs, initMenus } from "./dialogs";
import { each } from "./dom";
import { initLessonForm } from "./lesson-form";
import { initLiveSearch } from "./live-search";
import { registerServiceWorker } from "./service-worker";
import { initSignOutReload, preventDoubleSubmits } from "./submit";
import { initThemeButtons } from "./theme";
import { initTimeUntil } from "./time-until";
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
initTimeUntil();
registerServiceWorker();
each("[data-push]", async (section) => (await import("./push")).initPush(section));
