/**
 * Resolves time zones to a name that this browser knows. Zones are renamed (Europe/Kiev became Europe/Kyiv), and Intl
 * throws on names that are newer than the browser, so the page provides aliases of its zones.
 */
export type ZoneFallbacks = Readonly<Record<string, readonly string[]>>;

const told = new Map<string, readonly string[]>();
const known = new Map<string, string>();

function isKnown(zone: string): boolean {
  try {
    new Intl.DateTimeFormat("en", { timeZone: zone });
    return true;
  } catch {
    return false;
  }
}

/** Aliases by zone name, the preferred one first. */
export function learnZones(fallbacks: ZoneFallbacks = {}): void {
  for (const [zone, names] of Object.entries(fallbacks)) told.set(zone, names);
  known.clear();
}

/** The first alias that Intl accepts, else UTC. */
export function knownZone(zone: string): string {
  let name = known.get(zone);
  if (name === undefined) {
    name = [zone, ...(told.get(zone) ?? [])].find(isKnown) ?? "UTC";
    known.set(zone, name);
  }
  return name;
}
