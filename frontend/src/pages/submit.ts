import { PROGRESS_DELAY_MS, showProgress } from "./progress";

/** Prevents double submits and shows progress for slow ones. */
export function preventDoubleSubmits(): void {
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (!(form instanceof HTMLFormElement)) return;
    if (event.defaultPrevented || form.method !== "post") return;
    if (form.dataset.sent) {
      event.preventDefault();
      return;
    }
    form.dataset.sent = "1";
    const end = showSubmit(event.submitter);
    const done = () => {
      delete form.dataset.sent;
      end();
    };
    window.addEventListener("pageshow", done, { once: true });
    // A download does not leave the page.
    if (form.hasAttribute("data-download")) setTimeout(done, 1000);
  });
}

function showSubmit(button: HTMLElement | null): () => void {
  const done = showProgress();
  const timer = setTimeout(() => button?.classList.add("busy"), PROGRESS_DELAY_MS);
  return () => {
    clearTimeout(timer);
    button?.classList.remove("busy");
    done();
  };
}

/** Reloads pages from the back-forward cache after a sign-out, since another person may use the browser. */
export function initSignOutReload(): void {
  const opened = Date.now();
  document.addEventListener("submit", (event) => {
    const form = event.target instanceof HTMLFormElement ? event.target : null;
    const action = form?.getAttribute("action");
    if (action?.endsWith("/accounts/logout/")) {
      localStorage.setItem("signed-out", String(Date.now()));
    }
  });
  window.addEventListener("pageshow", (event) => {
    if (!event.persisted || Number(localStorage.getItem("signed-out")) < opened) return;
    document.documentElement.hidden = true;
    location.reload();
  });
}
