import type { DeviceChoice } from "./media";

const KEY = "kreida-devices";

export const NO_CHOICE: DeviceChoice = { camera: null, microphone: null, speaker: null };

/** Keeps the chosen devices in this browser for every later lesson. */
export function saveDeviceChoice(choice: DeviceChoice): void {
  try {
    localStorage.setItem(KEY, JSON.stringify(choice));
  } catch {
    // The storage is full or blocked: the choice holds until the page is left.
  }
}

export function loadDeviceChoice(): DeviceChoice {
  try {
    return { ...NO_CHOICE, ...parseChoice(localStorage.getItem(KEY)) };
  } catch {
    return { ...NO_CHOICE };
  }
}

/** The known devices in stored JSON, which may be from another version or damaged. */
export function parseChoice(text: string | null): Partial<DeviceChoice> {
  let value: unknown;
  try {
    value = JSON.parse(text ?? "{}");
  } catch {
    return {};
  }
  if (typeof value !== "object" || value === null) return {};
  const known = Object.entries(value).filter(
    ([kind, id]) => Object.hasOwn(NO_CHOICE, kind) && typeof id === "string",
  );
  return Object.fromEntries(known) as Partial<DeviceChoice>;
}
