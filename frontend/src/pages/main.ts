/** Progressive enhancement for every page; searching, joining and scheduling work without it. */
import { copyButtons } from "./copy-buttons";
import { countdown } from "./countdown";
import { dialogs, menus } from "./dialogs";
import { each } from "./dom";
import { lessonForm } from "./lesson-form";
import { liveSearch } from "./live-search";
import { reloadAfterSignOut, singleSubmit } from "./submit";
import { themeButtons } from "./theme";
import { detectZone, localTimes } from "./time-zone";

themeButtons();
detectZone();
localTimes();
copyButtons();
liveSearch();
dialogs();
menus();
singleSubmit();
reloadAfterSignOut();
lessonForm();
countdown();

// “I am a student” on the landing page preselects the role in the sign-up form.
each<HTMLInputElement>("form input[name=role]", (radio) => {
  if (radio.value === new URLSearchParams(location.search).get("role")) radio.checked = true;
});
