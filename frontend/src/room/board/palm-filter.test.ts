import { describe, expect, it } from "vitest";
import { PalmFilter } from "./palm-filter";

const event = (type: string, pointerId: number, pointerType: string) => ({
  type: `pointer${type}`,
  pointerId,
  pointerType,
});

describe("PalmFilter", () => {
  it("ignores a touch that begins while the pen is down, until it ends", () => {
    const filter = new PalmFilter();
    filter.read(event("down", 1, "pen"));
    expect(filter.read(event("down", 2, "touch")).isPalm).toBe(true);
    filter.read(event("up", 1, "pen"));
    expect(filter.read(event("move", 2, "touch")).isPalm).toBe(true);
    expect(filter.read(event("up", 2, "touch")).isPalm).toBe(true);
    expect(filter.read(event("down", 2, "touch")).isPalm).toBe(false);
  });

  it("lifts the touches that rest on the board when the pen comes down", () => {
    const filter = new PalmFilter();
    expect(filter.read(event("down", 2, "touch")).isPalm).toBe(false);
    expect(filter.read(event("down", 1, "pen")).lifted).toEqual([2]);
    expect(filter.read(event("move", 2, "touch")).isPalm).toBe(true);
    expect(filter.read(event("move", 1, "pen")).isPalm).toBe(false);
  });

  it("leaves fingers and the mouse alone without a pen", () => {
    const filter = new PalmFilter();
    filter.read(event("down", 1, "mouse"));
    expect(filter.read(event("down", 2, "touch")).isPalm).toBe(false);
    expect(filter.read(event("down", 3, "touch")).isPalm).toBe(false);
  });
});
