import type { Peer, You } from "../protocol";

type Connection = Pick<Peer, "peer" | "person" | "since">;

function isNewer(a: Connection, b: Connection): boolean {
  const between = Date.parse(a.since) - Date.parse(b.since);
  return between === 0 ? a.peer > b.peer : between > 0;
}

/** Of each person the newest connection, which is the one in the call. */
export function newest<C extends Connection>(connections: readonly C[]): C[] {
  const found = new Map<string, C>();
  for (const one of connections) {
    const known = found.get(one.person);
    if (!known || isNewer(one, known)) found.set(one.person, one);
  }
  return [...found.values()];
}

/** The other people, each once, with a hand that is up in any of their tabs. */
export function others(peers: readonly Peer[], you: You | null): Peer[] {
  return newest(peers.filter(({ person }) => person !== you?.person)).map((one) => ({
    ...one,
    hand: peers.some(({ person, hand }) => hand && person === one.person),
  }));
}
