import type { Peer, You } from "../protocol";

type Connection = Pick<Peer, "peer" | "person" | "since">;

function isNewer(a: Connection, b: Connection): boolean {
  const difference = Date.parse(a.since) - Date.parse(b.since);
  return difference === 0 ? a.peer > b.peer : difference > 0;
}

/** The most recent connection of each person; it is the one in the call. */
export function newestConnections<C extends Connection>(connections: readonly C[]): C[] {
  const found = new Map<string, C>();
  for (const one of connections) {
    const known = found.get(one.person);
    if (!known || isNewer(one, known)) found.set(one.person, one);
  }
  return [...found.values()];
}

/** The other people, each once; a hand counts as raised when it is raised in any of their tabs. */
export function otherPeople(peers: readonly Peer[], you: You | null): Peer[] {
  return newestConnections(peers.filter(({ person }) => person !== you?.person)).map((one) => ({
    ...one,
    hand: peers.some(({ person, hand }) => hand && person === one.person),
  }));
}
