import { each } from "./dom";

/** Links to a confirmation page open the matching dialog of the page instead. */
export function initDialogs(): void {
  each("[data-dialog]", (opener) => {
    const dialog = document.getElementById(opener.dataset.dialog ?? "");
    if (!(dialog instanceof HTMLDialogElement)) return;
    opener.addEventListener("click", (event) => {
      event.preventDefault();
      dialog.showModal();
    });
  });
  each("dialog [data-close]", (button) => {
    button.addEventListener("click", (event) => {
      event.preventDefault();
      button.closest("dialog")?.close();
    });
  });
}

/** Closes the account menu on Escape and on an outside click. */
export function initMenus(): void {
  each<HTMLDetailsElement>("details.menu", (menu) => {
    document.addEventListener("click", (event) => {
      if (event.target instanceof Node && !menu.contains(event.target)) menu.open = false;
    });
    menu.addEventListener("keydown", (event) => {
      if (event.key !== "Escape") return;
      menu.open = false;
      menu.querySelector("summary")?.focus();
    });
  });
}
