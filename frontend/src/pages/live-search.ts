import { gettext } from "../shared/gettext";
import { announce, each } from "./dom";
import { showProgress } from "./progress";

const DEBOUNCE_MS = 200;

/** Searches while typing: the URL keeps the query, and the server returns the list as HTML. */
export function initLiveSearch(): void {
  each<HTMLFormElement>("form[data-live]", (form) => {
    const list = document.getElementById(form.dataset.live ?? "");
    if (list) new LiveSearch(form, list).start();
  });
}

class LiveSearch {
  #timer: ReturnType<typeof setTimeout> | undefined;
  #request: AbortController | undefined;
  #error: HTMLElement | undefined;

  constructor(
    private readonly form: HTMLFormElement,
    private readonly list: HTMLElement,
  ) {}

  start(): void {
    this.form.addEventListener("input", () => {
      clearTimeout(this.#timer);
      this.#timer = setTimeout(this.#search, DEBOUNCE_MS);
    });
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      clearTimeout(this.#timer);
      void this.#search();
    });
    // After a restore from the back-forward cache, show the results for the URL.
    window.addEventListener("pageshow", (event) => {
      const input = this.form.querySelector<HTMLInputElement>("input[name=q]");
      if (!event.persisted || !input) return;
      input.value = new URLSearchParams(location.search).get("q") ?? "";
    });
  }

  readonly #search = async (): Promise<void> => {
    const address = this.#address();
    this.#request?.abort();
    this.#request = new AbortController();
    const done = showProgress();
    try {
      const headers = { "X-Fragment": "1" };
      const response = await fetch(address, { headers, signal: this.#request.signal });
      // A redirect means that the session has ended, so navigate instead of replacing the list.
      if (!response.ok || response.redirected) return location.assign(address);
      this.#show(await response.text(), address);
    } catch (error) {
      if (!(error instanceof DOMException && error.name === "AbortError")) this.#fail();
    } finally {
      done();
    }
  };

  #address(): string {
    const query = new URLSearchParams();
    for (const [name, value] of new FormData(this.form)) {
      if (typeof value === "string" && value) query.append(name, value);
    }
    const search = query.toString();
    return (this.form.getAttribute("action") ?? "") + (search && `?${search}`);
  }

  #show(html: string, address: string): void {
    this.list.innerHTML = html;
    this.#error?.remove();
    history.replaceState(null, "", address);
    announce(this.list.querySelector("[data-count]")?.textContent ?? "");
  }

  /** Shows that the list below does not match the query, with a retry button. */
  #fail(): void {
    const notice = document.createElement("div");
    notice.className = "notice error";
    notice.setAttribute("role", "alert");
    const button = document.createElement("button");
    button.type = "button";
    button.className = "btn small";
    button.textContent = gettext("Try again");
    button.addEventListener("click", this.#search);
    notice.append(gettext("No connection to the server."), button);
    this.#error?.remove();
    this.#error = notice;
    this.list.before(notice);
  }
}
