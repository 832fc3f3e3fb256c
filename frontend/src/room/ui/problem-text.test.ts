import { expect, it } from "vitest";
import { problemText } from "./problem-text";

const text = (code: string, ref: string | null) => problemText({ code, ref, detail: "" });

it("tells what there was too much of", () => {
  expect(text("throttled", "chat.send")).toMatch(/chat/);
  for (const ref of ["remove", "hand", null]) expect(text("throttled", ref)).not.toMatch(/chat/);
  expect(text("throttled", "remove")).toMatch(/removed/);
});

it("tells that no more pages can be locked", () => {
  expect(text("validation_error", "page.lock")).toMatch(/pages/);
});

it("has a text for an unknown problem", () => {
  expect(text("validation_error", "hand")).toMatch(/Reload/);
});
