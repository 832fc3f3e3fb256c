import { afterEach, beforeEach, expect, it, vi } from "vitest";
import type { Frame } from "./frames";
import { BURST_BYTES, BYTES_PER_SECOND, ThrottledSender } from "./throttled-sender";

const SIZE = 128 * 1024;
let backlog = 0;
let sent: Frame[] = [];

function frames(count: number, size = SIZE): Frame[] {
  return Array.from({ length: count }, () => new Uint8Array(size));
}

function make(): ThrottledSender {
  return new ThrottledSender(
    (frame) => sent.push(frame),
    () => backlog,
  );
}

const bytes = () => sent.reduce((sum, frame) => sum + frame.byteLength, 0);

beforeEach(() => {
  vi.useFakeTimers();
  sent = [];
  backlog = 0;
});
afterEach(() => void vi.useRealTimers());

it("sends small frames at once", () => {
  const sender = make();
  sender.push(frames(3));
  expect(sent).toHaveLength(3);
  expect(sender.isIdle).toBe(true);
});

it("sends many frames in order, no faster than its rate", () => {
  const sender = make();
  const all = frames(100);
  sender.push(all);
  for (let second = 0; !sender.isIdle && second < 60; second += 1) {
    expect(bytes()).toBeLessThanOrEqual(BURST_BYTES + second * BYTES_PER_SECOND + SIZE);
    vi.advanceTimersByTime(1000);
  }
  expect(sent.length).toBe(all.length);
  expect(sent.every((frame, at) => frame === all[at])).toBe(true);
});

it("charges small frames a minimum cost", () => {
  const sender = make();
  sender.push(frames(5000, 10));
  expect(sent.length).toBeLessThan(1000);
  vi.advanceTimersByTime(1000);
  expect(sent.length).toBeLessThan(1400);
});

it("waits for the connection's backlog", () => {
  const sender = make();
  backlog = 10 * SIZE;
  sender.push(frames(1));
  vi.advanceTimersByTime(5000);
  expect(sent).toHaveLength(0);
  backlog = 0;
  vi.advanceTimersByTime(100);
  expect(sent).toHaveLength(1);
});

it("drops queued frames when cleared", () => {
  const sender = make();
  sender.push(frames(100));
  sender.clear();
  const before = sent.length;
  vi.advanceTimersByTime(10_000);
  expect(sent).toHaveLength(before);
  sender.push(frames(1));
  expect(sent).toHaveLength(before + 1);
});
