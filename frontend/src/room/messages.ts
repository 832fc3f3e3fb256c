import type english from "./messages.en.json";

/**
 * Every string of the room that is not Excalidraw's own. The page translates them;
 * messages.en.json is the list, and its English is what the page translates from.
 */
export type Messages = { readonly [Key in keyof typeof english]: string };
export type MessageKey = keyof Messages;

/** Puts values in the place of `{name}`; a name without a value stays visible, which is easier to find. */
export function fill(text: string, values: Record<string, string | number>): string {
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole));
}
