import { describe, expect, it } from "vitest";
import { levelOf, type Sample, StatsReader, summariseQuality } from "./quality";
import { STEP_PAUSED, STEP_SMALL } from "./video-steps";

const sample = (part: Partial<Sample>): Sample => ({
  rttMs: null,
  lossIn: null,
  lossOut: null,
  videoBitrate: null,
  ...part,
});

describe("the level of a connection", () => {
  it.each([
    [{ rttMs: 40, lossIn: 0 }, "good"],
    [{}, "good"],
    [{ rttMs: 300 }, "fair"],
    [{ lossIn: 0.05 }, "fair"],
    [{ lossOut: 0.05 }, "fair"],
    [{ rttMs: 900 }, "poor"],
    [{ lossIn: 0, lossOut: 0.2 }, "poor"],
  ] as const)("of %o is %s", (part, level) => {
    expect(levelOf(sample(part), 0)).toBe(level);
  });

  it("is no better than its video step allows", () => {
    expect(levelOf(sample({ lossIn: 0 }), STEP_SMALL)).toBe("fair");
    expect(levelOf(sample({ lossIn: 0 }), STEP_PAUSED)).toBe("poor");
  });

  it("of a person is that of their best connection", () => {
    const links = [
      { sample: sample({ rttMs: 900.4, lossIn: 0.3 }), step: STEP_PAUSED },
      { sample: sample({ rttMs: 20.4, lossOut: 0.01 }), step: 0 },
    ];
    expect(summariseQuality(links)).toEqual({ level: "good", rtt_ms: 20, loss: 0.01 });
    expect(summariseQuality(links.slice(0, 1))?.level).toBe("poor");
    expect(summariseQuality([])).toBeNull();
  });
});

it("reports the differences since the last reading", () => {
  const reader = new StatsReader();
  const report = (received: number, lost: number, sent: number): [string, unknown][] => [
    [
      "p",
      { type: "candidate-pair", nominated: true, state: "succeeded", currentRoundTripTime: 0.05 },
    ],
    ["a", { type: "inbound-rtp", kind: "audio", packetsReceived: received, packetsLost: lost }],
    ["v", { type: "inbound-rtp", kind: "video", packetsReceived: 9, packetsLost: received }],
    ["c", { type: "outbound-rtp", mid: "1", packetsSent: sent, targetBitrate: 90_000 }],
    ["s", { type: "outbound-rtp", mid: "2", packetsSent: received, targetBitrate: 5 }],
  ];
  reader.read(report(100, 0, 10), "1");
  const moved = { rttMs: 50, lossIn: 0.1, videoBitrate: 90_000 };
  expect(reader.read(report(190, 10, 20), "1")).toEqual(moved);
  const still = { rttMs: 50, lossIn: null, videoBitrate: null };
  expect(reader.read(report(190, 10, 20), "1")).toEqual(still);
});
