import { expect, it } from "vitest";
import { dateInView, readState, type ViewState, writeState } from "./view-state";

const fallback: ViewState = { view: "week", date: null, cancelled: false };

it("round-trips through the query string", () => {
  const state: ViewState = { view: "agenda", date: "2026-03-29", cancelled: true };
  expect(readState(writeState("?tab=1", state), fallback)).toEqual(state);
  expect(writeState("?tab=1", fallback)).toBe("?tab=1&view=week");
});

it("ignores an invalid view and date", () => {
  expect(readState("?view=constructor&date=2026-13-45", fallback)).toEqual(fallback);
});

it("keeps the date while it is in the visible range", () => {
  expect(dateInView("2026-03-29", "2026-03-23", "2026-03-30")).toBe("2026-03-29");
  expect(dateInView("2026-03-30", "2026-03-23", "2026-03-30")).toBeNull();
  expect(dateInView(null, "2026-03-23", "2026-03-30")).toBeNull();
});
