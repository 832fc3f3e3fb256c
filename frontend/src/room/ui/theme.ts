import { useSyncExternalStore } from "react";

const DARK = "(prefers-color-scheme: dark)";

/** The page's `data-theme` takes precedence over the system's colour scheme. */
export function isDark(): boolean {
  const chosen = document.documentElement.dataset.theme;
  return chosen ? chosen === "dark" : matchMedia(DARK).matches;
}

function subscribe(changed: () => void): () => void {
  const query = matchMedia(DARK);
  query.addEventListener("change", changed);
  return () => query.removeEventListener("change", changed);
}

export function useDark(): boolean {
  return useSyncExternalStore(subscribe, isDark);
}
