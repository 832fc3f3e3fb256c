import { describe, expect, it } from "vitest";
import { problemOf } from "./problems";

const error = (code: string, ref: string) => ({
  type: "error" as const,
  code,
  detail: "In English.",
  ref,
});

describe("problemOf", () => {
  it("ignores that somebody has left meanwhile", () => {
    expect(problemOf(error("no_such_peer", "signal"), null)).toBeNull();
    expect(problemOf(error("no_such_peer", "mute"), null)).toBeNull();
  });

  it("keeps an earlier problem then", () => {
    const full = { code: "storage_full", detail: "", ref: null };
    expect(problemOf(error("no_such_peer", "signal"), full)).toBe(full);
  });

  it("reports any other error", () => {
    expect(problemOf(error("forbidden", "end"), null)?.code).toBe("forbidden");
  });
});
