// Two stock y-websocket clients on one board, for apps/classroom/tests/test_y_websocket.py:
//   node y-websocket.mjs <board address> <ticket> <ticket>
// Prints what both have in the end, as JSON; a condition that never comes to be ends it with 1.

import { isDeepStrictEqual } from "node:util";
import { WebSocket } from "ws";
import { WebsocketProvider } from "y-websocket";
import * as Y from "yjs";

const [address, ...tickets] = process.argv.slice(2);
const PATIENCE = 10_000;

function join(ticket) {
  const doc = new Y.Doc();
  const provider = new WebsocketProvider(address, "lesson", doc, {
    params: { ticket },
    WebSocketPolyfill: WebSocket,
    disableBc: true, // by the server or not at all
  });
  return { doc, provider, awareness: provider.awareness, elements: doc.getMap("elements:1") };
}

async function until(what, condition) {
  const deadline = Date.now() + PATIENCE;
  while (!condition()) {
    if (Date.now() > deadline) throw new Error(`it never came to be: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

function draw(client, name, strokes) {
  for (let number = 0; number < strokes; number++) {
    client.elements.set(`${name}${number}`, {
      type: "freedraw",
      version: 1,
      points: [[0, number]],
    });
  }
}

const same = () => isDeepStrictEqual(a.elements.toJSON(), b.elements.toJSON());
const nameAt = (client, other) => client.awareness.getStates().get(other.doc.clientID)?.user?.name;
// A stock client that was away believes of the others only what is newer than what it knew.
const moved = (client) => {
  client.awareness.setLocalStateField("pointer", { x: Math.random(), y: 0 });
  return true;
};
const [a, b] = tickets.map(join);

async function strokes() {
  await until("both are synchronised", () => a.provider.synced && b.provider.synced);
  draw(a, "a", 20);
  draw(b, "b", 20);
  await until("strokes cross", () => same() && a.elements.size === 40);
  a.elements.delete("a0");
  await until("a deletion crosses", () => same() && b.elements.size === 39);
}

async function cursors() {
  a.awareness.setLocalStateField("user", { name: "Тарас" });
  b.awareness.setLocalStateField("user", { name: "Олена" });
  await until("names cross", () => nameAt(b, a) === "Тарас" && nameAt(a, b) === "Олена");
}

async function offline() {
  a.provider.disconnect();
  await until("the other is told", () => nameAt(b, a) === undefined);
  draw(a, "offline-a", 20);
  draw(b, "offline-b", 20);
  a.provider.connect();
  await until("both have all", () => same() && a.elements.size === 79);
  await until("its name is back", () => nameAt(b, a) === "Тарас");
  await until("it sees the other move", () => moved(b) && nameAt(a, b) === "Олена");
}

async function lost() {
  b.provider.ws.terminate(); // without a word to the server
  draw(b, "lost-b", 20);
  draw(a, "lost-a", 20);
  await until("it has come back by itself", () => same() && b.elements.size === 119);
  await until("its name is back too", () => nameAt(a, b) === "Олена");
  await until("it sees the other move again", () => moved(a) && nameAt(b, a) === "Тарас");
}

for (const step of [strokes, cursors, offline, lost]) await step();
const boards = [a, b].map((client) => client.elements.toJSON());
for (const client of [a, b]) client.provider.destroy();
process.stdout.write(JSON.stringify(boards), () => process.exit(0));
