export type Piece = { text: string } | { text: string; href: string };

/**
 * Nothing that is not seen is part of an address: spaces of any kind, control characters, and the marks that turn the
 * direction of writing, behind which a link would read as another than it leads to.
 */
const ADDRESS =
  /(?<![\p{L}\p{N}_])https?:\/\/[^\s\p{C}\p{Z}<>"“”„«»`\u2800\u3164\u115f\u1160\uffa0]+/giu;
/** Marks that end a sentence rather than an address. */
const TRAILING = ".,:;!?…’'‘‚*_~|\\";
const OPENING: Readonly<Record<string, string>> = { ")": "(", "]": "[", "}": "{" };

/** A bracket that was opened inside belongs to the address, as in /wiki/Kyiv_(city). */
function trimmed(address: string): string {
  const counts = new Map<string, number>();
  for (const char of address) counts.set(char, (counts.get(char) ?? 0) + 1);
  const count = (char: string) => counts.get(char) ?? 0;
  let end = address.length;
  for (; end > 0; end -= 1) {
    const last = address.charAt(end - 1);
    const opening = OPENING[last];
    const isSurplus = opening !== undefined && count(last) > count(opening);
    if (!isSurplus && !TRAILING.includes(last)) break;
    counts.set(last, count(last) - 1);
  }
  return address.slice(0, end);
}

/** A name before @ looks like the host that it is not: `https://bank.example@evil.example`. */
function isAddress(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, username, password, hostname } = new URL(text);
  return /^https?:$/.test(protocol) && hostname !== "" && !username && !password;
}

/** Text in pieces, of which some are links; nothing in it is ever read as HTML. */
export function linkify(text: string): Piece[] {
  const pieces: Piece[] = [];
  let done = 0;
  for (const match of text.matchAll(ADDRESS)) {
    const address = trimmed(match[0]);
    if (!isAddress(address)) continue;
    if (match.index > done) pieces.push({ text: text.slice(done, match.index) });
    pieces.push({ text: address, href: address });
    done = match.index + address.length;
  }
  if (done < text.length) pieces.push({ text: text.slice(done) });
  return pieces;
}
