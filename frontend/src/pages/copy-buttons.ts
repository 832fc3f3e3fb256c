import { gettext } from "../shared/gettext";
import { announce, each } from "./dom";

export function initCopyButtons(): void {
  each<HTMLButtonElement>("[data-copy]", (button) => {
    button.addEventListener("click", async () => {
      const source = document.getElementById(button.dataset.copy ?? "");
      if (!source || !(await copy(source))) return;
      const label = button.textContent;
      button.textContent = gettext("Copied");
      announce(gettext("Copied"));
      setTimeout(() => {
        button.textContent = label;
      }, 2000);
    });
  });
}

async function copy(source: HTMLElement): Promise<boolean> {
  const input = source instanceof HTMLInputElement ? source : null;
  try {
    await navigator.clipboard.writeText(input?.value ?? source.textContent.trim());
    return true;
  } catch {
    // Without clipboard access (plain HTTP or denied), fall back to copying the selection.
    source.focus();
    input?.select();
    return document.execCommand("copy");
  }
}
