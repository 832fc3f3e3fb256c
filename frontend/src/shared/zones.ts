/**
 * Resolves time zones to a name that this browser knows. Zones are renamed (Europe/Kiev became Europe/Kyiv), and Intl
 * throws on names that are newer than the browser, so the page provides aliases of its zones.
 */
export type ZoneFallbacks = Readonly<Record<string, readonly string[]>>;

const fallbackNames = new Map<string, readonly string[]>();
const resolvedNames = new Map<string, string>();

function isSupported(zone: string): boolean {
  try {
    new Intl.DateTimeFormat("en", { timeZone: zone });
    return true;
  } catch {
    return false;
  }
}

/** Aliases by zone name, the preferred one first. */
export function registerZoneFallbacks(fallbacks: ZoneFallbacks = {}): void {
  for (const [zone, names] of Object.entries(fallbacks)) fallbackNames.set(zone, names);
  resolvedNames.clear();
}

/** The first alias that Intl accepts, else UTC. */
export function resolveZone(zone: string): string {
  let name = resolvedNames.get(zone);
  if (name === undefined) {
    name = [zone, ...(fallbackNames.get(zone) ?? [])].find(isSupported) ?? "UTC";
    resolvedNames.set(zone, name);
  }
  return name;
}

/** The first of a zone's `names`, separated by spaces in order of preference, that this browser knows. */
export function firstSupportedZone(names = ""): string {
  const [name = "UTC", ...others] = names.split(" ");
  registerZoneFallbacks({ [name]: others });
  return resolveZone(name);
}
