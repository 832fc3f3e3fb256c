import { each } from "./dom";

const ONE_YEAR_SECONDS = 31_536_000;

/** Light or dark theme, instead of the system's. The server reads the cookie, which avoids a flash of the wrong theme. */
export function initThemeButtons(): void {
  each<HTMLButtonElement>("[data-set-theme]", (button) => {
    button.addEventListener("click", () => {
      const theme = button.dataset.setTheme ?? "";
      // biome-ignore lint/suspicious/noDocumentCookie: Firefox has no cookieStore before 140.
      document.cookie = `theme=${theme}; path=/; max-age=${ONE_YEAR_SECONDS}; samesite=lax`;
      document.documentElement.dataset.theme = theme;
      each<HTMLLinkElement>("#dark-theme", (styles) => {
        styles.media = theme === "dark" ? "all" : "not all";
      });
      each("[data-set-theme]", (other) => {
        other.setAttribute("aria-pressed", String(other === button));
      });
    });
  });
}
