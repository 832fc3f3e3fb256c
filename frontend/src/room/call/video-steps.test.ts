import { describe, expect, it } from "vitest";
import { adaptVideo, INITIAL_VIDEO, STEP_PAUSED, STEP_SMALL, type VideoState } from "./video-steps";

const repeatSample = (count: number, lossOut: number | null, videoBitrate: number | null = null) =>
  Array.from({ length: count }, () => ({ lossOut, videoBitrate }));
const adaptAll = (samples: ReturnType<typeof repeatSample>, from: VideoState = INITIAL_VIDEO) =>
  samples.reduce(adaptVideo, from);
const at = (step: number): VideoState => ({ ...INITIAL_VIDEO, step });

describe("video adaptation", () => {
  it("keeps the step after single bad samples", () => {
    const samples = [...repeatSample(1, 0.4), ...repeatSample(1, 0), ...repeatSample(1, 0.4)];
    expect(adaptAll(samples).step).toBe(INITIAL_VIDEO.step);
  });

  it("pauses the video of a poor connection within two samples", () => {
    expect(adaptAll(repeatSample(2, 0.4)).step).toBe(STEP_PAUSED);
    expect(adaptAll(repeatSample(9, 0.4)).step).toBe(STEP_PAUSED);
  });

  it("keeps the small video on a fair connection", () => {
    expect(adaptAll(repeatSample(20, 0.05)).step).toBe(STEP_SMALL);
  });

  it("sends the small video when the browser's target bitrate is low", () => {
    expect(adaptAll(repeatSample(2, 0, 60_000)).step).toBe(STEP_SMALL);
    expect(adaptAll(repeatSample(50, 0, 60_000)).step).toBe(STEP_SMALL);
  });

  it("raises the step slowly, as far as the bitrate allows", () => {
    expect(adaptAll(repeatSample(4, 0), at(STEP_PAUSED)).step).toBe(STEP_PAUSED);
    expect(adaptAll(repeatSample(5, 0), at(STEP_PAUSED)).step).toBe(STEP_SMALL);
    expect(adaptAll(repeatSample(50, 0, 2_000_000), at(STEP_PAUSED)).step).toBe(0);
    expect(adaptAll(repeatSample(50, 0, 200_000), at(1)).step).toBe(1);
  });

  it("reverts a failed step up at once and waits longer for the next", () => {
    const failed = adaptAll([...repeatSample(5, 0), ...repeatSample(1, 0.4)], at(STEP_PAUSED));
    expect(adaptAll(repeatSample(9, 0), failed).step).toBe(STEP_PAUSED);
    expect(adaptAll(repeatSample(10, 0), failed).step).toBe(STEP_SMALL);
  });

  it("changes nothing without a report from the other side", () => {
    expect(adaptAll(repeatSample(50, null))).toBe(INITIAL_VIDEO);
  });
});
