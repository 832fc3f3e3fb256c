// The room's own board client, outside of a browser, against a server; for
// apps/classroom/tests/test_board_provider.py:
//   node board-provider.mjs <scene> <board address> <ticket of the one who draws> <of the other>
// Prints what was noted, as JSON; a condition that never comes to be ends it with 1.

import { isDeepStrictEqual } from "node:util";
import { runnerImport } from "vite";
import { WebSocket } from "ws";
import { Awareness } from "y-protocols/awareness";
import { WebsocketProvider } from "y-websocket";
import * as Y from "yjs";

const [scene, address, ticket, otherTicket] = process.argv.slice(2);
const PATIENCE = 40_000;
const KIB = 1024;

/** What a browser has and Node has not. */
const events = new EventTarget();
globalThis.addEventListener = events.addEventListener.bind(events);
globalThis.removeEventListener = events.removeEventListener.bind(events);
const sockets = [];
let cutAfter = Number.POSITIVE_INFINITY;
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
    if (this.sent.reduce((sum, size) => sum + size, 0) < cutAfter) return;
    cutAfter = Number.POSITIVE_INFINITY;
    // Once the last frame is out; what is sent after it is lost.
    super.send = () => {};
    setTimeout(() => this.terminate(), 100);
  }
};
const codes = [];
let online = true;

const provider = "src/room/board/provider.ts";
const { BoardProvider } = (await runnerImport(provider, { configFile: false })).module;
const doc = new Y.Doc();
const elements = doc.getMap("elements:1");
const own = new BoardProvider(
  doc,
  new Awareness(doc),
  () => (online ? Promise.resolve(`${address}?ticket=${ticket}`) : Promise.reject(new Error())),
  (why) => {
    throw new Error(`refused: ${why}`);
  },
);
async function until(what, condition) {
  const deadline = Date.now() + PATIENCE;
  while (!condition()) {
    if (Date.now() > deadline) throw new Error(`it never came to be: ${what}; closes: ${codes}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

function setOnline(value) {
  online = value;
  events.dispatchEvent(new Event(value ? "online" : "offline"));
}

/** As a page of handwriting is made: many strokes, each sent again and again as it grows. */
function draw(strokes, points) {
  for (let number = 0; number < strokes; number += 1) {
    for (let part = 1; part <= 3; part += 1) {
      const made = Array.from({ length: (points * part) / 3 }, (_, at) => [at / 7, at / 3]);
      elements.set(`stroke ${number}`, { type: "freedraw", version: part, points: made });
    }
  }
}

const scenes = {
  async offline() {
    setOnline(false);
    draw(200, 900);
    setOnline(true);
  },
  async much() {
    setOnline(false);
    draw(400, 900);
    setOnline(true);
  },
  /** The connection breaks while what was drawn offline is on its way. */
  async broken() {
    setOnline(false);
    draw(200, 900);
    cutAfter = 700 * KIB;
    setOnline(true);
    await until("the connection breaks", () => codes.length > 1);
  },
  /** All at once, as from one large change. */
  async together() {
    doc.transact(() => draw(200, 900));
  },
};

own.start();
await until("it is there", () => own.link.get().synced);
await scenes[scene]();
const unsent = own.link.get().unsent;
await until("all of it is known to have arrived", () => own.link.get().unsent === 0);

// A stock client that comes now has all of it, or the sign told too soon.
const otherDoc = new Y.Doc();
const other = new WebsocketProvider(address, "lesson", otherDoc, {
  params: { ticket: otherTicket },
  WebSocketPolyfill: WebSocket,
  disableBc: true,
});
await until("the other is there", () => other.synced);
const noted = {
  unsent,
  arrived: isDeepStrictEqual(elements.toJSON(), otherDoc.getMap("elements:1").toJSON()),
  codes,
  size: Y.encodeStateAsUpdate(doc).byteLength,
  largest: Math.max(...sockets.flatMap((socket) => socket.sent)),
};
own.stop();
other.destroy();
process.stdout.write(JSON.stringify(noted), () => process.exit(0));
