import { describe, expect, it } from "vitest";
import type { Peer, You } from "../protocol";
import { newest, others } from "./peers";

const connection = (peer: string, person: string, second: number, hand = false): Peer => ({
  peer,
  person,
  name: person,
  role: "student",
  since: `2026-03-02T12:00:0${second}Z`,
  hand,
  media: { camera: false, microphone: false, screen: false },
});
const you: You = { ...connection("me", "u1", 0), state: "in" };
const ids = (peers: readonly Peer[]) => peers.map(({ peer }) => peer);

describe("a person with several tabs", () => {
  const tabs = [connection("c", "u2", 1), connection("b", "u2", 3), connection("a", "u2", 2)];

  it("is one person, in the call by the newest", () => {
    expect(ids(newest(tabs))).toEqual(["b"]);
    expect(ids(newest([...tabs].reverse()))).toEqual(["b"]);
  });

  it("is who they are for everybody when two tabs came at once", () => {
    const twins = [connection("a", "u2", 1), connection("b", "u2", 1)];
    expect(ids(newest(twins))).toEqual(ids(newest([...twins].reverse())));
  });

  it("has the hand up that is up in any", () => {
    expect(others([...tabs, connection("d", "u2", 0, true)], you)[0]?.hand).toBe(true);
  });

  it("is not among the others to itself", () => {
    expect(ids(others([connection("x", "u1", 5), ...tabs], you))).toEqual(["b"]);
  });
});
