import { describe, expect, it } from "vitest";
import { freeTop } from "./free-place";

describe("freeTop", () => {
  it("keeps a place that is free", () => {
    expect(freeTop([0, 0, 10, 10], [])).toBe(0);
    expect(freeTop([0, 0, 10, 10], [[20, 0, 30, 10]])).toBe(0);
  });

  it("goes below what is in the way, one after another", () => {
    const drawn = [
      [5, 40, 15, 60],
      [-5, -5, 5, 20],
    ] as const;
    expect(freeTop([0, 0, 10, 10], drawn)).toBe(84);
  });

  it("uses a gap that is high enough", () => {
    const drawn = [
      [0, 0, 10, 20],
      [0, 100, 10, 120],
    ] as const;
    expect(freeTop([0, 0, 10, 10], drawn)).toBe(44);
  });
});
