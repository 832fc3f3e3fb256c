import { describe, expect, it } from "vitest";
import type { ChatMessage, Peer, ServerMessage, Welcome } from "../protocol";
import { INITIAL_STATE, reduce } from "./room-state";

const media = { camera: false, microphone: true, screen: false };
const peer = (id: string): Peer => ({
  peer: id,
  person: "u1",
  name: id,
  role: "student",
  since: "2026-03-02T12:00:00Z",
  hand: false,
  media,
});
const message = (id: string): ChatMessage => ({
  id,
  person: "u1",
  name: "a",
  role: "student",
  text: id,
  sent_at: "2026-03-02T12:00:00Z",
});
const welcome: Welcome = {
  type: "welcome",
  v: 1,
  you: {
    peer: "me",
    person: "u9",
    name: "Me",
    role: "tutor",
    since: "2026-03-02T12:00:00Z",
    state: "in",
  },
  room: {
    lesson_id: 1,
    lobby_enabled: true,
    board: { drawing: "free", locked_pages: [], locked_until: [], clients: [] },
    timer_ends_at: null,
    now: "2026-03-02T12:00:05Z",
  },
  peers: [peer("me"), peer("a")],
  lobby: [],
  chat: [message("m1")],
  ice_servers: [],
};
const at = Date.parse("2026-03-02T12:00:00Z");
const reduceAll = (...messages: ServerMessage[]) =>
  messages.reduce((state, next) => reduce(state, next, at), reduce(INITIAL_STATE, welcome, at));

describe("room state from server messages", () => {
  it("contains the other peers without ourselves, and the server's clock offset", () => {
    expect(reduceAll().peers.map((other) => other.peer)).toEqual(["a"]);
    expect(reduceAll().clockOffset).toBe(5000);
  });

  it("contains each connection once", () => {
    const twice = reduceAll(
      { type: "peer.joined", peer: peer("b") },
      { type: "peer.joined", peer: peer("b") },
    );
    expect(twice.peers.map((other) => other.peer)).toEqual(["a", "b"]);
  });

  it("removes a peer who left and their quality", () => {
    const gone = reduceAll(
      { type: "quality", peer: "a", level: "poor", rtt_ms: 900, loss: 0.2 },
      { type: "peer.left", peer: "a" },
    );
    expect(gone.peers).toEqual([]);
    expect(gone.quality).toEqual({});
  });

  it("contains each chat message once after a reconnect", () => {
    const state = reduceAll(
      { type: "chat", message: message("m1") },
      { type: "chat", message: message("m2") },
    );
    expect(state.chat.map(({ id }) => id)).toEqual(["m1", "m2"]);
  });

  it("is reset by the next welcome", () => {
    const again = reduceAll({ type: "peer.joined", peer: peer("b") }, welcome);
    expect(again.peers.map((other) => other.peer)).toEqual(["a"]);
  });

  it("contains the lobby, the timer and the end of the lesson", () => {
    const state = reduceAll(
      { type: "lobby", waiting: [{ person: "g1", name: "Ada" }], enabled: false },
      { type: "timer", ends_at: "2026-03-02T12:10:00Z" },
      { type: "ended" },
    );
    expect(state.lobby).toHaveLength(1);
    expect(state.room).toMatchObject({
      lobby_enabled: false,
      timer_ends_at: "2026-03-02T12:10:00Z",
    });
    expect(state.ended).toBe(true);
  });

  it("contains what is locked on the board", () => {
    const rules = { drawing: "own" as const, locked_pages: ["1"], locked_until: [], clients: [5] };
    expect(reduceAll({ type: "board.rules", rules }).room?.board).toEqual(rules);
  });

  it("reports failed saving until the server saves again or a new welcome arrives", () => {
    const since = "2026-03-02T12:01:00Z";
    const failing = reduceAll({ type: "saving", ok: false, since });
    expect(failing.notSavedSince).toBe(since);
    const saved = reduce(failing, { type: "saving", ok: true, since: null }, at);
    expect(saved.notSavedSince).toBeNull();
    expect(reduce(failing, welcome, at).notSavedSince).toBeNull();
  });

  it("contains the board's fullness until the next report or a new welcome", () => {
    const sizes = { used: 900, limit: 1000 };
    const nearly = reduceAll({ type: "board.size", ...sizes, level: "nearly_full" });
    expect(nearly.boardLevel).toBe("nearly_full");
    const shrunk = reduce(nearly, { type: "board.size", ...sizes, level: "ok" }, at);
    expect(shrunk.boardLevel).toBe("ok");
    expect(reduce(nearly, welcome, at).boardLevel).toBe("ok");
  });
});
