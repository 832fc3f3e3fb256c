import { describe, expect, it } from "vitest";
import {
  type CallMember,
  isPolite,
  makesFirstOffer,
  parseSignal,
  selectCallPeers,
  shouldIgnoreOffer,
} from "./negotiation";

describe("perfect negotiation", () => {
  const stable = {
    makingOffer: false,
    settingAnswer: false,
    signalingState: "stable",
  } as const;
  const offering = { ...stable, makingOffer: true, signalingState: "have-local-offer" } as const;

  it("has exactly one polite side and one side that offers first", () => {
    expect(isPolite("a", "b")).toBe(true);
    expect(isPolite("b", "a")).toBe(false);
    expect(makesFirstOffer("a", "b")).toBe(!makesFirstOffer("b", "a"));
  });

  it("ignores a colliding offer on the impolite side only", () => {
    expect(shouldIgnoreOffer({ ...offering, polite: false })).toBe(true);
    expect(shouldIgnoreOffer({ ...offering, polite: true })).toBe(false);
  });

  it("accepts an offer when the signalling state is stable or about to be", () => {
    expect(shouldIgnoreOffer({ ...stable, polite: false })).toBe(false);
    const settling = {
      ...stable,
      settingAnswer: true,
      signalingState: "have-local-offer",
    } as const;
    expect(shouldIgnoreOffer({ ...settling, polite: false })).toBe(false);
  });
});

describe("call peers", () => {
  const member = (
    peer: string,
    role: CallMember["role"],
    person = peer,
    second = 0,
  ): CallMember => ({
    peer,
    person,
    role,
    since: `2026-03-02T12:00:0${second}Z`,
  });
  const everyone: CallMember[] = [
    member("e", "guest"),
    member("d", "guest"),
    member("c", "student"),
    member("b", "tutor"),
    member("a", "guest"),
  ];
  const callPeers = (own: CallMember, others: readonly CallMember[]) =>
    [...selectCallPeers(own, others)].sort();

  it("are all others in a room of four", () => {
    const four = everyone.slice(1);
    expect(callPeers(four[0] as CallMember, four.slice(1))).toEqual(["a", "b", "c"]);
  });

  it("are the same four for each of five people, in any order", () => {
    for (const own of everyone) {
      const others = everyone.filter((other) => other !== own).reverse();
      const inCall = ["a", "b", "c", "d"];
      if (own.peer === "e") expect(selectCallPeers(own, others)).toBe("full");
      else expect(callPeers(own, others)).toEqual(inCall.filter((peer) => peer !== own.peer));
    }
  });

  it("include each person once, by the newest tab", () => {
    const [older, newer] = [member("x", "student", "c", 1), member("y", "student", "c", 2)];
    const tutor = member("b", "tutor");
    expect(callPeers(tutor, [newer, older])).toEqual(["y"]);
    expect(callPeers(newer, [older, tutor])).toEqual(["b"]);
    expect(selectCallPeers(older, [newer, tutor])).toBe("elsewhere");
  });
});

it("keeps only the known fields of a signal", () => {
  const candidate = { candidate: "x", sdpMid: "0" };
  expect(parseSignal({ candidate, other: 1 })).toEqual({ candidate });
  expect(parseSignal({ description: "no object", candidate: null })).toEqual({});
});
