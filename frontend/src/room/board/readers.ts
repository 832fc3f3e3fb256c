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

/** Clamps a number to the range; returns `otherwise` for anything else. */
export function number(low: number, high: number, otherwise: number): Reader<number> {
  return (value) =>
    typeof value === "number" && !Number.isNaN(value)
      ? Math.min(high, Math.max(low, value))
      : otherwise;
}

export function integer(low: number, high: number, otherwise: number): Reader<number> {
  const read = number(low, high, otherwise);
  return (value) => Math.floor(read(value));
}

/** Truncates to `longest` UTF-16 code units without splitting a surrogate pair. */
export function text(longest: number): Reader<string> {
  return (value) => {
    if (typeof value !== "string") return "";
    return value.length > longest ? value.slice(0, longest).replace(/[\uD800-\uDBFF]$/, "") : value;
  };
}

export function flag(otherwise: boolean): Reader<boolean> {
  return (value) => (typeof value === "boolean" ? value : otherwise);
}

export function oneOf<const T>(choices: readonly T[], otherwise: T): Reader<T> {
  return (value) => (choices.includes(value as T) ? (value as T) : otherwise);
}

export const id: Reader<string | null> = (value) => (isId(value) ? value : null);

/** The valid entries among the first `most`. */
export function listOf<T>(read: Reader<T | null>, most: number): Reader<T[]> {
  return (value) => {
    const found: T[] = [];
    if (!Array.isArray(value)) return found;
    for (const entry of value.slice(0, most)) {
      const known = read(entry);
      if (known !== null) found.push(known);
    }
    return found;
  };
}
