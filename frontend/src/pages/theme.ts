import { each } from "./dom";

const ONE_YEAR_SECONDS = 31_536_000;

/** Light or dark theme, instead of the system's. The server reads the cookie, which avoids a flash of the wrong theme. */
export function initThemeButtons(): void {
  each<HTMLButtonElement>("[data-set-theme]", (button) => {
    button.addEventListener("click", () => {
      const theme = button.dataset.setTheme ?? "";
      // biome-ignore lint/suspicious/noDocumentCookie: Firefox has no cookieStore before 140.
      document.cookie = themeCookie(cookieName(button), theme);
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

/** The server names the cookie: under https it has the prefix that only secure cookies of this host may have. */
function cookieName(button: HTMLElement): string {
  return button.closest<HTMLElement>("[data-theme-cookie]")?.dataset.themeCookie ?? "theme";
}

export function themeCookie(name: string, theme: string): string {
  const secure = name.startsWith("__Host-") ? "; secure" : "";
  return `${name}=${theme}; path=/; max-age=${ONE_YEAR_SECONDS}; samesite=lax${secure}`;
}
