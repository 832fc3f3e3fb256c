/** The first grapheme of each of the first two words. */
export function initials(name: string): string {
  return name
    .split(/\s+/)
    .filter(Boolean)
    .slice(0, 2)
    .map((word) => firstGrapheme(word).toLocaleUpperCase())
    .join("");
}

function firstGrapheme(word: string): string {
  const text = word.normalize("NFC");
  if (typeof Intl.Segmenter === "function") {
    const [first] = new Intl.Segmenter(undefined, { granularity: "grapheme" }).segment(text);
    return first?.segment ?? "";
  }
  // Firefox before 125: a code point with its combining marks and joined emoji.
  return /^\p{RI}{2}|^.\p{M}*(?:\p{EMod}|\u200d.\p{M}*)*/su.exec(text)?.[0] ?? "";
}
