import type { Peer, Role } from "../protocol";
import { newest } from "../state/peers";

/** Both sides come to the same answer: the smaller id gives way when two offers cross. */
export function isPolite(own: string, other: string): boolean {
  return own < other;
}

/** The other one makes the first offer, so that the media lines are laid out by one side only. */
export function makesFirstOffer(own: string, other: string): boolean {
  return !isPolite(own, other);
}

export interface Situation {
  polite: boolean;
  makingOffer: boolean;
  settingAnswer: boolean;
  signalingState: RTCSignalingState;
}

/** Whether an offer that has come is to be dropped because ours stands (perfect negotiation). */
export function ignoresOffer(situation: Situation): boolean {
  const { polite, makingOffer, settingAnswer, signalingState } = situation;
  const ready = !makingOffer && (signalingState === "stable" || settingAnswer);
  return !ready && !polite;
}

export const MOST_IN_CALL = 4;
const RANKS: Readonly<Record<Role, number>> = { tutor: 0, student: 1, guest: 2 };

export type Member = Pick<Peer, "peer" | "person" | "role" | "since">;

/**
 * Whom to call. A mesh of more than four would need more upload than a home line has: four people
 * talk, the others have board and chat. Everybody must come to the same four, so it goes by role and
 * then by person. "elsewhere" where a newer tab of our own has the call.
 */
export function partners(own: Member, others: readonly Member[]): string[] | "full" | "elsewhere" {
  const people = newest([own, ...others]);
  if (!people.includes(own)) return "elsewhere";
  const ranked = people.sort(
    (a, b) => RANKS[a.role] - RANKS[b.role] || (a.person < b.person ? -1 : 1),
  );
  const talking = ranked.slice(0, MOST_IN_CALL);
  if (!talking.includes(own)) return "full";
  return talking.filter((member) => member !== own).map(({ peer }) => peer);
}

/** What one side tells the other about the line between them, every few seconds. */
export interface Heard {
  /** Share of the other's sound that did not arrive. */
  loss: number;
  /** Whether one's own picture is not sent, so that the sound stays clear. */
  paused: boolean;
}

export interface SignalData {
  description?: RTCSessionDescriptionInit;
  candidate?: RTCIceCandidateInit;
  heard?: Heard;
}

export function readSignal(data: Record<string, unknown>): SignalData {
  const found: SignalData = {};
  const { description, candidate, heard } = data;
  if (typeof description === "object" && description !== null && "type" in description) {
    found.description = description as RTCSessionDescriptionInit;
  }
  if (typeof candidate === "object" && candidate !== null && "candidate" in candidate) {
    found.candidate = candidate as RTCIceCandidateInit;
  }
  if (typeof heard === "object" && heard !== null && "loss" in heard && "paused" in heard) {
    found.heard = { loss: Number(heard.loss) || 0, paused: heard.paused === true };
  }
  return found;
}
