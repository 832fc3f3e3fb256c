import { describe, expect, it } from "vitest";
import { adapt, FULL_VIDEO, levelOf, readStats, VIDEO_STEPS, worst } from "./quality";

describe("the level of a connection", () => {
  it.each([
    [{ rttMs: 40, loss: 0 }, "good"],
    [{ rttMs: null, loss: null }, "good"],
    [{ rttMs: 300, loss: 0 }, "fair"],
    [{ rttMs: 40, loss: 0.05 }, "fair"],
    [{ rttMs: 900, loss: 0 }, "poor"],
    [{ rttMs: 40, loss: 0.2 }, "poor"],
  ] as const)("of %o is %s", (sample, level) => {
    expect(levelOf(sample)).toBe(level);
  });

  it("of several is the worst one's", () => {
    const samples = [
      { rttMs: 20.4, loss: 0 },
      { rttMs: 300.4, loss: 0 },
    ];
    expect(worst(samples)).toEqual({ level: "fair", rtt_ms: 300, loss: 0 });
    expect(worst([])).toBeNull();
  });
});

describe("audio first", () => {
  const told = (levels: ("good" | "fair" | "poor")[], from = FULL_VIDEO) =>
    levels.reduce(adapt, from).step;

  it("keeps the picture over one bad moment", () => {
    expect(told(["poor", "good", "poor"])).toBe(0);
  });

  it("lowers the picture step by step and in the end pauses it", () => {
    const poor = Array.from({ length: 6 }, () => "poor" as const);
    expect(told(poor)).toBe(3);
    expect(VIDEO_STEPS[3]?.active).toBe(false);
    expect(told([...poor, "poor", "poor"])).toBe(3);
  });

  it("comes back slowly", () => {
    const low = { step: 2, better: 0, worse: 0 };
    const good = (count: number) => Array.from({ length: count }, () => "good" as const);
    expect(told(good(4), low)).toBe(2);
    expect(told(good(5), low)).toBe(1);
    expect(told(good(10), low)).toBe(0);
  });

  it("stays small on a fair line", () => {
    expect(told(["fair", "fair", "fair", "fair", "fair"])).toBe(1);
  });
});

it("reads round trip and loss since the last reading", () => {
  const before = { sent: 0, lost: 0 };
  const report = (sent: number, lost: number): [string, unknown][] => [
    [
      "p",
      { type: "candidate-pair", nominated: true, state: "succeeded", currentRoundTripTime: 0.05 },
    ],
    ["o", { type: "outbound-rtp", packetsSent: sent }],
    ["r", { type: "remote-inbound-rtp", packetsLost: lost }],
  ];
  readStats(report(100, 0), before);
  expect(readStats(report(200, 10), before)).toEqual({ rttMs: 50, loss: 0.1 });
  expect(readStats(report(200, 10), before).loss).toBeNull();
});
