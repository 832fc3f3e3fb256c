import type { Peer, Role } from "../protocol";
import { newestConnections } from "../state/peers";

/** The peer with the smaller id is polite: it yields when two offers collide. */
export function isPolite(own: string, other: string): boolean {
  return own < other;
}

/** The impolite peer makes the first offer, so that only one side adds the transceivers. */
export function makesFirstOffer(own: string, other: string): boolean {
  return !isPolite(own, other);
}

export interface NegotiationState {
  polite: boolean;
  makingOffer: boolean;
  settingAnswer: boolean;
  signalingState: RTCSignalingState;
}

/** Whether an incoming offer is ignored because it collides with ours (perfect negotiation). */
export function shouldIgnoreOffer(state: NegotiationState): boolean {
  const { polite, makingOffer, settingAnswer, signalingState } = state;
  const ready = !makingOffer && (signalingState === "stable" || settingAnswer);
  return !ready && !polite;
}

const MAX_IN_CALL = 4;
const ROLE_ORDER: Readonly<Record<Role, number>> = { tutor: 0, student: 1, guest: 2 };

export type CallMember = Pick<Peer, "peer" | "person" | "role" | "since">;

/**
 * Selects the peers to connect to. A mesh of more than four needs more upload bandwidth than a home
 * connection has, so the first four people by role and then by id are in the call, and the others
 * have the board and the chat. Every client computes the same four. Returns "elsewhere" when a newer
 * tab of the same person is in the call.
 */
export function selectCallPeers(
  own: CallMember,
  others: readonly CallMember[],
): string[] | "full" | "elsewhere" {
  const people = newestConnections([own, ...others]);
  if (!people.includes(own)) return "elsewhere";
  const ranked = people.sort(
    (a, b) => ROLE_ORDER[a.role] - ROLE_ORDER[b.role] || (a.person < b.person ? -1 : 1),
  );
  const inCall = ranked.slice(0, MAX_IN_CALL);
  if (!inCall.includes(own)) return "full";
  return inCall.filter((member) => member !== own).map(({ peer }) => peer);
}

/** Reception report that each side sends to the other every few seconds. */
interface ReceptionReport {
  /** Share of the other side's audio packets that were lost, 0 to 1. */
  loss: number;
  /** Whether the sender of this report has paused its video to keep the audio clear. */
  paused: boolean;
}

export interface SignalData {
  description?: RTCSessionDescriptionInit;
  candidate?: RTCIceCandidateInit;
  heard?: ReceptionReport;
}

export function parseSignal(data: Record<string, unknown>): SignalData {
  const signal: SignalData = {};
  const { description, candidate, heard } = data;
  if (typeof description === "object" && description !== null && "type" in description) {
    signal.description = description as RTCSessionDescriptionInit;
  }
  if (typeof candidate === "object" && candidate !== null && "candidate" in candidate) {
    signal.candidate = candidate as RTCIceCandidateInit;
  }
  if (typeof heard === "object" && heard !== null && "loss" in heard && "paused" in heard) {
    signal.heard = { loss: Number(heard.loss) || 0, paused: heard.paused === true };
  }
  return signal;
}
