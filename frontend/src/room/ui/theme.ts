import { useSyncExternalStore } from "react";

const DARK_QUERY = "(prefers-color-scheme: dark)";

/** The page's `data-theme` takes precedence over the system's colour scheme. */
export function isDark(): boolean {
  const chosen = document.documentElement.dataset.theme;
  return chosen ? chosen === "dark" : matchMedia(DARK_QUERY).matches;
}

function subscribe(changed: () => void): () => void {
  const query = matchMedia(DARK_QUERY);
  query.addEventListener("change", changed);
  return () => query.removeEventListener("change", changed);
}

export function useDark(): boolean {
  return useSyncExternalStore(subscribe, isDark);
}
