import { registerZoneFallbacks, type ZoneFallbacks } from "./zones";

export interface PageConfig {
  locale: "uk" | "en";
  csrfToken: string;
  /** Aliases by zone name, for browsers that do not know a newer name. */
  zoneFallbacks?: ZoneFallbacks;
}

/** Reads the configuration from `<script type="application/json" id="…">` in the page. */
export function readPageConfig<Config extends PageConfig>(id: string): Config {
  const element = document.getElementById(id);
  if (!element) throw new Error(`The page has no #${id}`);
  const config = JSON.parse(element.textContent ?? "") as Config;
  registerZoneFallbacks(config.zoneFallbacks);
  return config;
}
