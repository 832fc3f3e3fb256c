import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { CLOSE } from "../protocol";
import { ReconnectingWebSocket } from "./reconnecting-web-socket";

class FakeSocket {
  static readonly OPEN = 1;
  static made: FakeSocket[] = [];
  readyState = 1;
  onopen?: () => void;
  onmessage?: (event: { data: string }) => void;
  onclose?: (event: { code: number }) => void;
  constructor() {
    FakeSocket.made.push(this);
  }
  close(): void {}

  /** Opens, says something, and closes. */
  turnAway(code: number): void {
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
  FakeSocket.made = [];
});
afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
});

/** Connections made within two minutes by a server that closes each with `code` after a word. */
async function attempts(code: number): Promise<number> {
  const lost = vi.fn();
  const socket = new ReconnectingWebSocket({
    address: () => Promise.resolve("ws://kreida.example/"),
    opened: () => undefined,
    received: () => undefined,
    lost,
    refused: () => undefined,
  });
  socket.start();
  for (let passed = 0; passed < 120_000; passed += 100) {
    await vi.advanceTimersByTimeAsync(100);
    const last = FakeSocket.made.at(-1);
    if (last?.readyState === 1) {
      last.readyState = 3;
      last.turnAway(code);
      if (code !== CLOSE.tooLarge) expect(lost).toHaveBeenLastCalledWith(code);
    }
  }
  socket.stop();
  return FakeSocket.made.length;
}

it("asks less and less often for a board that cannot be opened", async () => {
  expect(await attempts(CLOSE.unavailable)).toBeLessThan(15);
});

it("asks once alone for a board that takes no more", async () => {
  expect(await attempts(CLOSE.tooLarge)).toBe(1);
});

it("comes back at once from a line that breaks", async () => {
  expect(await attempts(1006)).toBeGreaterThan(100);
});
