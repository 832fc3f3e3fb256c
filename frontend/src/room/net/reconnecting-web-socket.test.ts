import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { CLOSE_CODES } from "../protocol";
import { ReconnectingWebSocket } from "./reconnecting-web-socket";

class FakeSocket {
  static readonly OPEN = 1;
  static instances: FakeSocket[] = [];
  readyState = 1;
  onopen?: () => void;
  onmessage?: (event: { data: string }) => void;
  onclose?: (event: { code: number }) => void;
  constructor() {
    FakeSocket.instances.push(this);
  }
  close(): void {}

  /** Opens, delivers one message, and closes. */
  acceptThenClose(code: number): void {
    this.onopen?.();
    this.onmessage?.({ data: "hello" });
    this.onclose?.({ code });
  }
}

beforeEach(() => {
  vi.useFakeTimers();
  vi.spyOn(Math, "random").mockReturnValue(1);
  vi.stubGlobal("WebSocket", FakeSocket);
  vi.stubGlobal("addEventListener", () => undefined);
  vi.stubGlobal("removeEventListener", () => undefined);
  FakeSocket.instances = [];
});
afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
});

/** Number of connections within two minutes to a server that closes each with `code` after one message. */
async function countAttempts(code: number): Promise<number> {
  const onLost = vi.fn();
  const socket = new ReconnectingWebSocket({
    getAddress: () => Promise.resolve("ws://kreida.example/"),
    onOpen: () => undefined,
    onMessage: () => undefined,
    onLost,
    onRefused: () => undefined,
  });
  socket.start();
  for (let elapsed = 0; elapsed < 120_000; elapsed += 100) {
    await vi.advanceTimersByTimeAsync(100);
    const last = FakeSocket.instances.at(-1);
    if (last?.readyState === 1) {
      last.readyState = 3;
      last.acceptThenClose(code);
      if (code !== CLOSE_CODES.tooLarge) expect(onLost).toHaveBeenLastCalledWith(code);
    }
  }
  socket.stop();
  return FakeSocket.instances.length;
}

it("backs off after closes with the code for an unavailable board", async () => {
  expect(await countAttempts(CLOSE_CODES.unavailable)).toBeLessThan(15);
});

it("does not reconnect after a close with the code for a full board", async () => {
  expect(await countAttempts(CLOSE_CODES.tooLarge)).toBe(1);
});

it("reconnects quickly after an abnormal closure", async () => {
  expect(await countAttempts(1006)).toBeGreaterThan(100);
});
