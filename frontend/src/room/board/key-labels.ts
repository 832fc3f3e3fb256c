/** The letters of a US keyboard, and those of the Ukrainian layout on the same keys. */
const LATIN = "QWERTYUIOPASDFGHJKLZXCVBNM";
const UKRAINIAN = "ЙЦУКЕНГШЩЗФІВАПРОЛДЯЧСМИТЬ";

/** The label of a shortcut such as `Ctrl+A`; in Ukrainian with the letter that its key also has. */
export function keyLabel(shortcut: string, locale: string, isMac = false): string {
  const at = LATIN.indexOf(shortcut.at(-1) ?? "");
  const isLetter = at >= 0 && (shortcut.length === 1 || shortcut.at(-2) === "+");
  const label = isMac ? shortcut.replace("Ctrl+", "⌘") : shortcut;
  return isLetter && locale === "uk" ? `${label} (${UKRAINIAN[at]})` : label;
}
