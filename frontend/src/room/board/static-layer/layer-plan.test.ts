import { describe, expect, it } from "vitest";
import { type Appearance, LAST_ELEMENTS, LayerPlan, MIN_GROWTH } from "./layer-plan";

const COUNT = 500;
const HELD = COUNT - LAST_ELEMENTS;

const elements = (count = COUNT): Appearance[] => Array.from({ length: count }, (_, at) => [at, 1]);

/** The elements with another version of one of them. */
const changed = (at: number, version = 2, count = COUNT): Appearance[] =>
  elements(count).with(at, [at, version]);

function planOf(first: readonly Appearance[]): LayerPlan {
  const plan = new LayerPlan();
  draw(plan, first);
  return plan;
}

function draw(plan: LayerPlan, shown: readonly Appearance[]) {
  const { reused, stored } = plan.next(shown);
  plan.record(shown);
  return { reused, stored };
}

describe("LayerPlan", () => {
  it("stores all but the last elements at once", () => {
    const plan = new LayerPlan();
    expect(draw(plan, elements())).toEqual({ reused: 0, stored: HELD });
    expect(draw(plan, elements())).toEqual({ reused: HELD, stored: null });
  });

  it("never stores a page of a few elements", () => {
    const few = elements(LAST_ELEMENTS + MIN_GROWTH - 1);
    const plan = planOf(few);
    expect(draw(plan, few)).toEqual({ reused: 0, stored: null });
  });

  it("is reused while the last elements grow, are removed or change places", () => {
    const plan = planOf(elements());
    const last = elements();
    for (const shown of [
      changed(COUNT - 1),
      changed(HELD),
      elements(COUNT - 3),
      elements(HELD),
      last.with(COUNT - 1, [COUNT - 2, 1]).with(COUNT - 2, [COUNT - 1, 1]),
    ]) {
      expect(draw(plan, shown)).toEqual({ reused: HELD, stored: null });
    }
  });

  it("is stored again with the new elements once there are enough", () => {
    const plan = planOf(elements());
    const more = COUNT + MIN_GROWTH;
    expect(draw(plan, elements(more - 1))).toEqual({ reused: HELD, stored: null });
    expect(draw(plan, elements(more))).toEqual({ reused: HELD, stored: HELD + MIN_GROWTH });
    expect(draw(plan, elements(more))).toEqual({ reused: HELD + MIN_GROWTH, stored: null });
  });

  it("is stored up to an element that changes, so that its next change draws from there", () => {
    const plan = planOf(elements());
    expect(draw(plan, changed(200))).toEqual({ reused: 0, stored: 200 });
    expect(draw(plan, changed(200, 3))).toEqual({ reused: 200, stored: null });
    expect(draw(plan, changed(200, 3))).toEqual({ reused: 200, stored: HELD });
  });

  it("is outdated when an element below is removed, added or replaced", () => {
    for (const shown of [
      elements().toSpliced(100, 1),
      elements().toSpliced(100, 0, ["new"]),
      elements()
        .with(100, elements()[101] ?? [])
        .with(101, elements()[100] ?? []),
      elements().with(100, [100, 1, "another value"]),
    ]) {
      expect(draw(planOf(elements()), shown)).toEqual({ reused: 0, stored: 100 });
    }
  });

  it("is outdated when the view changes, and after a reset", () => {
    const plan = new LayerPlan();
    expect(plan.isNewView([0, 0, 1])).toBe(true);
    draw(plan, elements());
    expect(plan.isNewView([0, 0, 1])).toBe(false);
    expect(draw(plan, elements())).toEqual({ reused: HELD, stored: null });
    expect(plan.isNewView([1, 0, 1])).toBe(true);
    expect(draw(plan, elements())).toEqual({ reused: 0, stored: HELD });
    plan.reset();
    expect(plan.isNewView([1, 0, 1])).toBe(true);
  });

  it("compares with how elements were drawn, not with how they were before", () => {
    const plan = new LayerPlan();
    plan.next(elements());
    plan.record(changed(7));
    expect(plan.next(elements())).toMatchObject({ unchanged: 7, reused: 0 });
    plan.record(changed(7));
    expect(plan.next(changed(7))).toMatchObject({ unchanged: COUNT, reused: 0 });
  });
});
