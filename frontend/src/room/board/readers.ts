/** Parses untrusted input: returns a valid value of its type for any input. */
export type Reader<T> = (value: unknown) => T;

/** Maximum id length; ids of Excalidraw and Kreida are shorter. */
const MAX_ID_LENGTH = 100;

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Rejects names of Object.prototype such as `constructor`, since ids become object keys. */
export function isId(value: unknown): value is string {
  if (typeof value !== "string" || value === "" || value.length > MAX_ID_LENGTH) return false;
  return !(value in Object.prototype);
}

export function isNumber(value: unknown, low: number, high: number): value is number {
  return typeof value === "number" && value >= low && value <= high;
}

/** Clamps a number to the range; returns `fallback` for anything else. */
export function number(low: number, high: number, fallback: number): Reader<number> {
  return (value) =>
    typeof value === "number" && !Number.isNaN(value)
      ? Math.min(high, Math.max(low, value))
      : fallback;
}

export function integer(low: number, high: number, fallback: number): Reader<number> {
  const read = number(low, high, fallback);
  return (value) => Math.floor(read(value));
}

/** Truncates to `maxLength` UTF-16 code units without splitting a surrogate pair. */
export function text(maxLength: number): Reader<string> {
  return (value) => {
    if (typeof value !== "string") return "";
    return value.length > maxLength
      ? value.slice(0, maxLength).replace(/[\uD800-\uDBFF]$/, "")
      : value;
  };
}

export function boolean(fallback: boolean): Reader<boolean> {
  return (value) => (typeof value === "boolean" ? value : fallback);
}

export function oneOf<const T>(choices: readonly T[], fallback: T): Reader<T> {
  return (value) => (choices.includes(value as T) ? (value as T) : fallback);
}

export const id: Reader<string | null> = (value) => (isId(value) ? value : null);

/** The valid entries among the first `maxItems`. */
export function listOf<T>(read: Reader<T | null>, maxItems: number): Reader<T[]> {
  return (value) => {
    const found: T[] = [];
    if (!Array.isArray(value)) return found;
    for (const entry of value.slice(0, maxItems)) {
      const known = read(entry);
      if (known !== null) found.push(known);
    }
    return found;
  };
}
