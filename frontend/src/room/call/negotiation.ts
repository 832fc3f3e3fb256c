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

/**
 * Whom to call. A mesh of more than four would need more upload than a home line has: the first
 * four by order of joining talk, the others have board and chat. `others` are in that order and
 * joined before us; `later` came after.
 */
export function partners(others: readonly string[], later: readonly string[]): string[] {
  if (others.length >= MOST_IN_CALL) return [];
  return [...others, ...later].slice(0, MOST_IN_CALL - 1);
}

export interface SignalData {
  description?: RTCSessionDescriptionInit;
  candidate?: RTCIceCandidateInit;
}

export function readSignal(data: Record<string, unknown>): SignalData {
  const found: SignalData = {};
  const { description, candidate } = data;
  if (typeof description === "object" && description !== null && "type" in description) {
    found.description = description as RTCSessionDescriptionInit;
  }
  if (typeof candidate === "object" && candidate !== null && "candidate" in candidate) {
    found.candidate = candidate as RTCIceCandidateInit;
  }
  return found;
}
