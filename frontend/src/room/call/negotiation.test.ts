import { describe, expect, it } from "vitest";
import {
  ignoresOffer,
  isPolite,
  type Member,
  makesFirstOffer,
  partners,
  readSignal,
} from "./negotiation";

describe("perfect negotiation", () => {
  const stable = {
    makingOffer: false,
    settingAnswer: false,
    signalingState: "stable",
  } as const;
  const offering = { ...stable, makingOffer: true, signalingState: "have-local-offer" } as const;

  it("has one polite side and one first offer, whichever side is asked", () => {
    expect(isPolite("a", "b")).toBe(true);
    expect(isPolite("b", "a")).toBe(false);
    expect(makesFirstOffer("a", "b")).toBe(!makesFirstOffer("b", "a"));
  });

  it("drops a crossing offer on the impolite side only", () => {
    expect(ignoresOffer({ ...offering, polite: false })).toBe(true);
    expect(ignoresOffer({ ...offering, polite: true })).toBe(false);
  });

  it("takes an offer when it is stable or about to be", () => {
    expect(ignoresOffer({ ...stable, polite: false })).toBe(false);
    const settling = {
      ...stable,
      settingAnswer: true,
      signalingState: "have-local-offer",
    } as const;
    expect(ignoresOffer({ ...settling, polite: false })).toBe(false);
  });
});

describe("who calls whom", () => {
  const member = (peer: string, role: Member["role"], person = peer, second = 0): Member => ({
    peer,
    person,
    role,
    since: `2026-03-02T12:00:0${second}Z`,
  });
  const everyone: Member[] = [
    member("e", "guest"),
    member("d", "guest"),
    member("c", "student"),
    member("b", "tutor"),
    member("a", "guest"),
  ];
  const called = (own: Member, others: readonly Member[]) => [...partners(own, others)].sort();

  it("is everybody up to four", () => {
    const four = everyone.slice(1);
    expect(called(four[0] as Member, four.slice(1))).toEqual(["a", "b", "c"]);
  });

  it("is the same four for all of five, in whatever order they are known", () => {
    for (const own of everyone) {
      const others = everyone.filter((other) => other !== own).reverse();
      const talking = ["a", "b", "c", "d"];
      if (own.peer === "e") expect(partners(own, others)).toBe("full");
      else expect(called(own, others)).toEqual(talking.filter((peer) => peer !== own.peer));
    }
  });

  it("is each person once, by the newest tab", () => {
    const [older, newer] = [member("x", "student", "c", 1), member("y", "student", "c", 2)];
    const tutor = member("b", "tutor");
    expect(called(tutor, [newer, older])).toEqual(["y"]);
    expect(called(newer, [older, tutor])).toEqual(["b"]);
    expect(partners(older, [newer, tutor])).toBe("elsewhere");
  });
});

it("reads of a signal only what it knows", () => {
  const candidate = { candidate: "x", sdpMid: "0" };
  expect(readSignal({ candidate, other: 1 })).toEqual({ candidate });
  expect(readSignal({ description: "no object", candidate: null })).toEqual({});
});
