import { describe, expect, it } from "vitest";
import { adapt, FIRST_VIDEO, PAUSED, SMALL, type VideoState } from "./video-steps";

const times = (count: number, lossOut: number | null, pictureRate: number | null = null) =>
  Array.from({ length: count }, () => ({ lossOut, pictureRate }));
const told = (lines: ReturnType<typeof times>, from: VideoState = FIRST_VIDEO) =>
  lines.reduce(adapt, from);
const at = (step: number): VideoState => ({ ...FIRST_VIDEO, step });

describe("sound first", () => {
  it("keeps the picture over one bad moment", () => {
    const lines = [...times(1, 0.4), ...times(1, 0), ...times(1, 0.4)];
    expect(told(lines).step).toBe(FIRST_VIDEO.step);
  });

  it("pauses the picture of a poor line within two samples", () => {
    expect(told(times(2, 0.4)).step).toBe(PAUSED);
    expect(told(times(9, 0.4)).step).toBe(PAUSED);
  });

  it("keeps the small picture on a fair line", () => {
    expect(told(times(20, 0.05)).step).toBe(SMALL);
  });

  it("sends the small picture where the browser finds no room for more", () => {
    expect(told(times(2, 0, 60_000)).step).toBe(SMALL);
    expect(told(times(50, 0, 60_000)).step).toBe(SMALL);
  });

  it("comes back slowly, as far as there is room", () => {
    expect(told(times(4, 0), at(PAUSED)).step).toBe(PAUSED);
    expect(told(times(5, 0), at(PAUSED)).step).toBe(SMALL);
    expect(told(times(50, 0, 2_000_000), at(PAUSED)).step).toBe(0);
    expect(told(times(50, 0, 200_000), at(1)).step).toBe(1);
  });

  it("takes a step up that failed back at once, and waits for longer", () => {
    const failed = told([...times(5, 0), ...times(1, 0.4)], at(PAUSED));
    expect(told(times(9, 0), failed).step).toBe(PAUSED);
    expect(told(times(10, 0), failed).step).toBe(SMALL);
  });

  it("changes nothing while the other side says nothing", () => {
    expect(told(times(50, null))).toBe(FIRST_VIDEO);
  });
});
