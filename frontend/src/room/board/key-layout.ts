const NON_LATIN_LETTER = /^(?!\p{Script=Latin})[\p{L}\p{M}]/u;
const LATIN_LETTER = /^\p{Script=Latin}$/u;
/** Keys of a US keyboard other than letters and digits: without and with Shift. */
const PUNCTUATION: Readonly<Record<string, string>> = {
  Backquote: "`~",
  Backslash: "\\|",
  BracketLeft: "[{",
  BracketRight: "]}",
  Comma: ",<",
  Equal: "=+",
  Minus: "-_",
  Period: ".>",
  Quote: "'\"",
  Semicolon: ";:",
  Slash: "/?",
};

export type Key = Pick<KeyboardEvent, "key" | "code" | "shiftKey">;

/** The character of a US keyboard on the key; null for a key without one. */
function usCharacter({ code, shiftKey }: Key): string | null {
  const letter = /^Key([A-Z])$/.exec(code)?.[1];
  if (letter) return shiftKey ? letter : letter.toLowerCase();
  return PUNCTUATION[code]?.[shiftKey ? 1 : 0] ?? null;
}

/**
 * Finds the Latin character of a pressed key. A layout is known to be non-Latin by its letters; its
 * punctuation, such as the full stop on the Ukrainian slash key, is then translated too.
 */
export class KeyLayout {
  #isLatin = true;

  /** The key that Excalidraw's shortcuts compare with. */
  latinKey(event: Key): string {
    const { key, code } = event;
    if (/^\p{Nd}$/u.test(key)) return /^Digit(\d)$/.exec(code)?.[1] ?? key;
    // While an input method is on, the browser does not tell the letter.
    if (key === "Process" || key === "Unidentified") return usCharacter(event) ?? key;
    if (NON_LATIN_LETTER.test(key)) this.#isLatin = false;
    else if (LATIN_LETTER.test(key)) this.#isLatin = true;
    if (this.#isLatin || [...key].length > 2 || LATIN_LETTER.test(key)) return key;
    return usCharacter(event) ?? key;
  }
}

function isTextField(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement &&
    (target.isContentEditable || target.matches("input, textarea, select"))
  );
}

/**
 * Makes shortcuts work on every layout: Excalidraw compares `event.key`, so the events in `host` get
 * the Latin letter of their key before it sees them. Text fields are left alone.
 */
export function translateShortcuts(host: HTMLElement, onHelp: () => void): () => void {
  const layout = new KeyLayout();
  const translate = (event: KeyboardEvent) => {
    const key = layout.latinKey(event);
    const isOnBoard = event.target instanceof Node && host.contains(event.target);
    if (!isOnBoard || isTextField(event.target) || event.getModifierState("AltGraph")) return;
    if (key !== event.key) Object.defineProperty(event, "key", { value: key });
    if (key !== "?") return;
    event.stopImmediatePropagation();
    if (event.type === "keydown") onHelp();
  };
  // On the window, because Excalidraw's search listens there.
  addEventListener("keydown", translate, true);
  addEventListener("keyup", translate, true);
  return () => {
    removeEventListener("keydown", translate, true);
    removeEventListener("keyup", translate, true);
  };
}
