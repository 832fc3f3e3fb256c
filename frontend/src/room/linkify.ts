export type TextPart = { text: string } | { text: string; href: string };

/**
 * A URL ends at white space of any kind, control characters and invisible ones: bidirectional controls, for
 * example, could make a link look like another one.
 */
const URL_PATTERN =
  /(?<![\p{L}\p{N}_])https?:\/\/[^\s\p{C}\p{Z}<>"“”„«»`\u2800\u3164\u115f\u1160\uffa0]+/giu;
/** Marks that end a sentence rather than a URL. */
const TRAILING_PUNCTUATION = ".,:;!?…’'‘‚*_~|\\";
const OPENING_BRACKETS: Readonly<Record<string, string>> = { ")": "(", "]": "[", "}": "{" };

/** Drops trailing punctuation and unbalanced closing brackets; keeps those of /wiki/Kyiv_(city). */
function trimUrl(url: string): string {
  const counts = new Map<string, number>();
  for (const char of url) counts.set(char, (counts.get(char) ?? 0) + 1);
  const count = (char: string) => counts.get(char) ?? 0;
  let end = url.length;
  for (; end > 0; end -= 1) {
    const last = url.charAt(end - 1);
    const opening = OPENING_BRACKETS[last];
    const isSurplus = opening !== undefined && count(last) > count(opening);
    if (!isSurplus && !TRAILING_PUNCTUATION.includes(last)) break;
    counts.set(last, count(last) - 1);
  }
  return url.slice(0, end);
}

/** Rejects credentials, which look like a host that the link does not lead to: `https://bank.example@evil.example`. */
function isSafeUrl(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, username, password, hostname } = new URL(text);
  return /^https?:$/.test(protocol) && hostname !== "" && !username && !password;
}

/** Splits text into plain text and links; nothing in it is ever parsed as HTML. */
export function linkify(text: string): TextPart[] {
  const parts: TextPart[] = [];
  let end = 0;
  for (const match of text.matchAll(URL_PATTERN)) {
    const url = trimUrl(match[0]);
    if (!isSafeUrl(url)) continue;
    if (match.index > end) parts.push({ text: text.slice(end, match.index) });
    parts.push({ text: url, href: url });
    end = match.index + url.length;
  }
  if (end < text.length) parts.push({ text: text.slice(end) });
  return parts;
}
