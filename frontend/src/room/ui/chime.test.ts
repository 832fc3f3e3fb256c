import { expect, it, vi } from "vitest";

class FakeContext {
  static made: FakeContext[] = [];
  state = "suspended";
  currentTime = 0;
  notes = 0;
  constructor() {
    FakeContext.made.push(this);
  }
  resume = () => Promise.resolve();
  createGain = () => ({ gain: { value: 0 }, connect: () => {} });
  createOscillator = () => {
    this.notes += 1;
    return { frequency: { value: 0 }, connect: () => {}, start: () => {}, stop: () => {} };
  };
}

it("uses one audio context, however often it rings before sound is allowed", async () => {
  vi.stubGlobal("AudioContext", FakeContext);
  const { playChime } = await import("./chime");
  for (let count = 0; count < 10; count += 1) playChime();
  expect(FakeContext.made.map(({ notes }) => notes)).toEqual([0]);
  for (const context of FakeContext.made) context.state = "running";
  playChime();
  expect(FakeContext.made.map(({ notes }) => notes)).toEqual([2]);
});
