import { describe, expect, it } from "vitest";
import type { Peer, You } from "../protocol";
import { newestConnections, otherPeople } from "./peers";

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

  it("is one person, represented by the newest", () => {
    expect(ids(newestConnections(tabs))).toEqual(["b"]);
    expect(ids(newestConnections([...tabs].reverse()))).toEqual(["b"]);
  });

  it("has the same newest tab on every client when two connected at once", () => {
    const twins = [connection("a", "u2", 1), connection("b", "u2", 1)];
    expect(ids(newestConnections(twins))).toEqual(ids(newestConnections([...twins].reverse())));
  });

  it("has a raised hand when any tab has one", () => {
    expect(otherPeople([...tabs, connection("d", "u2", 0, true)], you)[0]?.hand).toBe(true);
  });

  it("is not among their own other people", () => {
    expect(ids(otherPeople([connection("x", "u1", 5), ...tabs], you))).toEqual(["b"]);
  });
});
