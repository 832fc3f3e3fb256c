// Runs the room's board client in Node against a server, for apps/classroom/tests/test_board_provider.py:
//   node board-provider.mjs <scenario> <board URL> <ticket of the first client> <ticket of the second>
// Prints the result as JSON; exits with 1 on a timeout.

import { isDeepStrictEqual } from "node:util";
import { runnerImport } from "vite";
import { WebSocket } from "ws";
import { Awareness } from "y-protocols/awareness";
import { WebsocketProvider } from "y-websocket";
import * as Y from "yjs";

const [scenario, address, ticket, otherTicket] = process.argv.slice(2);
const TIMEOUT_MS = 40_000;
const KIB = 1024;

/** Browser globals that Node lacks. */
const events = new EventTarget();
globalThis.addEventListener = events.addEventListener.bind(events);
globalThis.removeEventListener = events.removeEventListener.bind(events);
const sockets = [];
let bytesBeforeCut = Number.POSITIVE_INFINITY;
globalThis.WebSocket = class extends WebSocket {
  sent = [];
  constructor(...args) {
    super(...args);
    sockets.push(this);
    this.on("close", (code) => codes.push(code));
  }
  send(data) {
    this.sent.push(data.byteLength);
    super.send(data);
    if (this.sent.reduce((sum, size) => sum + size, 0) < bytesBeforeCut) return;
    bytesBeforeCut = Number.POSITIVE_INFINITY;
    // Close once the last frame is out; later frames are lost.
    super.send = () => {};
    setTimeout(() => this.terminate(), 100);
  }
};
const codes = [];
let online = true;

const modulePath = "src/room/board/provider.ts";
const { BoardProvider } = (await runnerImport(modulePath, { configFile: false })).module;
const doc = new Y.Doc();
const elements = doc.getMap("elements:1");
const provider = new BoardProvider(
  doc,
  new Awareness(doc),
  () => (online ? Promise.resolve(`${address}?ticket=${ticket}`) : Promise.reject(new Error())),
  (reason) => {
    throw new Error(`refused: ${reason}`);
  },
);
async function until(description, condition) {
  const deadline = Date.now() + TIMEOUT_MS;
  while (!condition()) {
    if (Date.now() > deadline)
      throw new Error(`timed out waiting until ${description}; close codes: ${codes}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

function setOnline(value) {
  online = value;
  events.dispatchEvent(new Event(value ? "online" : "offline"));
}

/** Draws many strokes, each set again as it grows, like handwriting. */
function draw(strokes, pointCount) {
  for (let number = 0; number < strokes; number += 1) {
    for (let part = 1; part <= 3; part += 1) {
      const length = (pointCount * part) / 3;
      const points = Array.from({ length }, (_, at) => [at / 7, at / 3]);
      elements.set(`stroke ${number}`, { type: "freedraw", version: part, points });
    }
  }
}

const scenarios = {
  async offline() {
    setOnline(false);
    draw(200, 900);
    setOnline(true);
  },
  async beyondRate() {
    setOnline(false);
    draw(400, 900);
    setOnline(true);
  },
  /** The connection is lost while the offline changes are being sent. */
  async connectionLost() {
    setOnline(false);
    draw(200, 900);
    bytesBeforeCut = 700 * KIB;
    setOnline(true);
    await until("the connection is lost", () => codes.length > 1);
  },
  /** All strokes in one transaction. */
  async oneTransaction() {
    doc.transact(() => draw(200, 900));
  },
};

provider.start();
await until("the client is synced", () => provider.link.get().synced);
await scenarios[scenario]();
const unsent = provider.link.get().unsent;
await until("all changes are acknowledged", () => provider.link.get().unsent === 0);

// A y-websocket client that connects now must get everything that was acknowledged.
const otherDoc = new Y.Doc();
const other = new WebsocketProvider(address, "lesson", otherDoc, {
  params: { ticket: otherTicket },
  WebSocketPolyfill: WebSocket,
  disableBc: true,
});
await until("the second client is synced", () => other.synced);
const result = {
  unsent,
  arrived: isDeepStrictEqual(elements.toJSON(), otherDoc.getMap("elements:1").toJSON()),
  codes,
  size: Y.encodeStateAsUpdate(doc).byteLength,
  largest: Math.max(...sockets.flatMap((socket) => socket.sent)),
};
provider.stop();
other.destroy();
process.stdout.write(JSON.stringify(result), () => process.exit(0));
