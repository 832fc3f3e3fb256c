import type { Quality, QualityLevel } from "../protocol";

/** Of the last few seconds; null where nothing was measured yet. */
export interface Sample {
  rttMs: number | null;
  loss: number | null;
}

const ORDER: readonly QualityLevel[] = ["good", "fair", "poor"];

export function levelOf({ rttMs, loss }: Sample): QualityLevel {
  if ((rttMs ?? 0) > 500 || (loss ?? 0) > 0.1) return "poor";
  if ((rttMs ?? 0) > 250 || (loss ?? 0) > 0.03) return "fair";
  return "good";
}

/** The worst of one's connections is what the lesson feels like. */
export function worst(samples: readonly Sample[]): Quality | null {
  let found: Quality | null = null;
  for (const sample of samples) {
    const level = levelOf(sample);
    if (found && ORDER.indexOf(level) <= ORDER.indexOf(found.level)) continue;
    found = { level, rtt_ms: sample.rttMs && Math.round(sample.rttMs), loss: sample.loss };
  }
  return found;
}

/** How much video is sent; audio is never touched. */
export interface VideoStep {
  maxBitrate: number;
  scaleDown: number;
  active: boolean;
}

export const VIDEO_STEPS: readonly VideoStep[] = [
  { maxBitrate: 1_200_000, scaleDown: 1, active: true },
  { maxBitrate: 350_000, scaleDown: 2, active: true },
  { maxBitrate: 120_000, scaleDown: 4, active: true },
  { maxBitrate: 120_000, scaleDown: 4, active: false },
];

export interface VideoState {
  step: number;
  /** Samples in a row that were good enough for more, or too poor for this. */
  better: number;
  worse: number;
}

export const FULL_VIDEO: VideoState = { step: 0, better: 0, worse: 0 };

const DOWN_AFTER = 2;
const UP_AFTER = 5;

/** Down a step after two bad samples, up after five good ones, so that it does not swing. */
export function adapt(state: VideoState, level: QualityLevel): VideoState {
  const last = VIDEO_STEPS.length - 1;
  // A fair line carries the small picture; only a poor one loses it.
  const bad = level === "poor" || (level === "fair" && state.step === 0);
  const worse = bad ? state.worse + 1 : 0;
  const better = level === "good" ? state.better + 1 : 0;
  if (worse >= DOWN_AFTER) return { step: Math.min(last, state.step + 1), better: 0, worse: 0 };
  if (better >= UP_AFTER) return { step: Math.max(0, state.step - 1), better: 0, worse: 0 };
  return { step: state.step, better, worse };
}

interface OutboundTotals {
  sent: number;
  lost: number;
}

/** Reads getStats; `before` holds the totals of the last reading and is brought up to date. */
export function readStats(report: Iterable<[string, unknown]>, before: OutboundTotals): Sample {
  let rttMs: number | null = null;
  let sent = 0;
  let lost = 0;
  for (const [, value] of report) {
    const stat = value as Record<string, unknown>;
    if (stat.type === "candidate-pair" && stat.nominated && stat.state === "succeeded") {
      const rtt = stat.currentRoundTripTime;
      if (typeof rtt === "number") rttMs = Math.max(rttMs ?? 0, rtt * 1000);
    }
    if (stat.type === "outbound-rtp") sent += Number(stat.packetsSent ?? 0);
    if (stat.type === "remote-inbound-rtp") lost += Number(stat.packetsLost ?? 0);
  }
  const packets = sent - before.sent;
  const missing = Math.max(0, lost - before.lost);
  before.sent = sent;
  before.lost = lost;
  return { rttMs, loss: packets > 0 ? Math.min(1, missing / packets) : null };
}
