// Runs two y-websocket clients on one board, for apps/classroom/tests/test_y_websocket.py:
//   node y-websocket.mjs <board URL> <ticket> <ticket>
// Prints the final elements of both as JSON; exits with 1 on a timeout.

import { isDeepStrictEqual } from "node:util";
import { WebSocket } from "ws";
import { WebsocketProvider } from "y-websocket";
import * as Y from "yjs";

const [address, ...tickets] = process.argv.slice(2);
const TIMEOUT_MS = 10_000;

function join(ticket) {
  const doc = new Y.Doc();
  const provider = new WebsocketProvider(address, "lesson", doc, {
    params: { ticket },
    WebSocketPolyfill: WebSocket,
    disableBc: true, // No BroadcastChannel: everything goes through the server.
  });
  return { doc, provider, awareness: provider.awareness, elements: doc.getMap("elements:1") };
}

async function until(description, condition) {
  const deadline = Date.now() + TIMEOUT_MS;
  while (!condition()) {
    if (Date.now() > deadline) throw new Error(`timed out waiting until ${description}`);
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
// After a reconnect a client accepts only awareness states with a higher clock than it knew.
const moved = (client) => {
  client.awareness.setLocalStateField("pointer", { x: Math.random(), y: 0 });
  return true;
};
const [a, b] = tickets.map(join);

async function testStrokes() {
  await until("both are synced", () => a.provider.synced && b.provider.synced);
  draw(a, "a", 20);
  draw(b, "b", 20);
  await until("both have all strokes", () => same() && a.elements.size === 40);
  a.elements.delete("a0");
  await until("both have the deletion", () => same() && b.elements.size === 39);
}

async function testAwareness() {
  a.awareness.setLocalStateField("user", { name: "Тарас" });
  b.awareness.setLocalStateField("user", { name: "Олена" });
  await until(
    "both see the other's name",
    () => nameAt(b, a) === "Тарас" && nameAt(a, b) === "Олена",
  );
}

async function testOffline() {
  a.provider.disconnect();
  await until("the other sees the disconnect", () => nameAt(b, a) === undefined);
  draw(a, "offline-a", 20);
  draw(b, "offline-b", 20);
  a.provider.connect();
  await until("both have all strokes", () => same() && a.elements.size === 79);
  await until("the other sees its name again", () => nameAt(b, a) === "Тарас");
  await until("it sees the other's pointer", () => moved(b) && nameAt(a, b) === "Олена");
}

async function testLostConnection() {
  b.provider.ws.terminate(); // Without a close frame.
  draw(b, "lost-b", 20);
  draw(a, "lost-a", 20);
  await until("it has reconnected", () => same() && b.elements.size === 119);
  await until("the other sees its name again", () => nameAt(a, b) === "Олена");
  await until("it sees the other's pointer again", () => moved(a) && nameAt(b, a) === "Тарас");
}

for (const step of [testStrokes, testAwareness, testOffline, testLostConnection]) await step();
const boards = [a, b].map((client) => client.elements.toJSON());
for (const client of [a, b]) client.provider.destroy();
process.stdout.write(JSON.stringify(boards), () => process.exit(0));
