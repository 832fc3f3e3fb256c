export type Piece = { text: string } | { text: string; href: string };

const ADDRESS = /\bhttps?:\/\/[^\s<>"'`]+/giu;
/** Marks that end a sentence rather than an address. */
const TRAILING = /[.,:;!?…»”)\]}]+$/u;

function trimmed(address: string): string {
  let end = address;
  for (;;) {
    const tail = TRAILING.exec(end)?.[0];
    if (!tail) return end;
    // A bracket that was opened inside belongs to the address, as in /wiki/Kyiv_(city).
    if (tail === ")" && end.includes("(")) return end;
    end = end.slice(0, -1);
  }
}

function isAddress(text: string): boolean {
  return URL.canParse(text) && /^https?:$/.test(new URL(text).protocol);
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
