import type { Quality, QualityLevel } from "../protocol";
import { type LinkSample, STEP_PAUSED, STEP_SMALL } from "./video-steps";

/** One connection over the last few seconds; null where nothing was measured. */
export interface Sample extends LinkSample {
  rttMs: number | null;
  /** Share of the other side's audio packets that were lost, 0 to 1. */
  lossIn: number | null;
}

const LEVELS_BEST_FIRST: readonly QualityLevel[] = ["good", "fair", "poor"];

function lossOf({ lossIn, lossOut }: Sample): number | null {
  return lossIn === null && lossOut === null ? null : Math.max(lossIn ?? 0, lossOut ?? 0);
}

/** A low video step counts as well: a link that only works without video is not a good one. */
export function levelOf(sample: Sample, step: number): QualityLevel {
  const rtt = sample.rttMs ?? 0;
  const loss = lossOf(sample) ?? 0;
  if (rtt > 500 || loss > 0.1 || step >= STEP_PAUSED) return "poor";
  if (rtt > 250 || loss > 0.03 || step >= STEP_SMALL) return "fair";
  return "good";
}

/** The best of our connections: if even that one is bad, our own network is the cause. */
export function summariseQuality(
  links: readonly { sample: Sample; step: number }[],
): Quality | null {
  let best: Quality | null = null;
  for (const { sample, step } of links) {
    const level = levelOf(sample, step);
    if (best && LEVELS_BEST_FIRST.indexOf(level) >= LEVELS_BEST_FIRST.indexOf(best.level)) continue;
    const rtt_ms = sample.rttMs === null ? null : Math.round(sample.rttMs);
    best = { level, rtt_ms, loss: lossOf(sample) };
  }
  return best;
}

interface Totals {
  received: number;
  lost: number;
  videoPackets: number;
}
const ZERO_TOTALS: Totals = { received: 0, lost: 0, videoPackets: 0 };

/** Turns successive getStats reports of one connection into the differences between them. */
export class StatsReader {
  #previous = ZERO_TOTALS;

  read(report: Iterable<[string, unknown]>, cameraMid: string | null): Omit<Sample, "lossOut"> {
    let rttMs: number | null = null;
    let bitrate: number | null = null;
    const now = { ...ZERO_TOTALS };
    for (const [, value] of report) {
      const stat = value as Record<string, unknown>;
      if (stat.type === "candidate-pair" && stat.nominated && stat.state === "succeeded") {
        const rtt = stat.currentRoundTripTime;
        if (typeof rtt === "number") rttMs = Math.max(rttMs ?? 0, rtt * 1000);
      } else if (stat.type === "inbound-rtp" && stat.kind === "audio") {
        now.received += Number(stat.packetsReceived ?? 0);
        now.lost += Number(stat.packetsLost ?? 0);
      } else if (stat.type === "outbound-rtp" && stat.mid === cameraMid) {
        now.videoPackets += Number(stat.packetsSent ?? 0);
        if (typeof stat.targetBitrate === "number") bitrate = stat.targetBitrate;
      }
    }
    const previous = this.#previous;
    this.#previous = now;
    return {
      rttMs,
      lossIn: lossRatio(now.lost - previous.lost, now.received - previous.received),
      videoBitrate: now.videoPackets > previous.videoPackets ? bitrate : null,
    };
  }
}

/** Loss ratio, 0 to 1. Packets that arrive late make the difference in `lost` negative. */
function lossRatio(lost: number, received: number): number | null {
  const missing = Math.max(0, lost);
  return received + missing > 0 ? missing / (received + missing) : null;
}
