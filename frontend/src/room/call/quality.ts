import type { Quality, QualityLevel } from "../protocol";
import { type Line, PAUSED, SMALL } from "./video-steps";

/** One connection over the last few seconds; null where there is nothing to tell. */
export interface Sample extends Line {
  rttMs: number | null;
  /** Share of the other's sound that did not arrive here. */
  lossIn: number | null;
}

const ORDER: readonly QualityLevel[] = ["good", "fair", "poor"];

function lossOf({ lossIn, lossOut }: Sample): number | null {
  return lossIn === null && lossOut === null ? null : Math.max(lossIn ?? 0, lossOut ?? 0);
}

/** A line that loses nothing any more because the picture was taken off it is still a thin one. */
export function levelOf(sample: Sample, step: number): QualityLevel {
  const rtt = sample.rttMs ?? 0;
  const loss = lossOf(sample) ?? 0;
  if (rtt > 500 || loss > 0.1 || step >= PAUSED) return "poor";
  if (rtt > 250 || loss > 0.03 || step >= SMALL) return "fair";
  return "good";
}

/** Of all one's connections the best: whose own line is bad has no good one, and the others do. */
export function ownLine(links: readonly { sample: Sample; step: number }[]): Quality | null {
  let found: Quality | null = null;
  for (const { sample, step } of links) {
    const level = levelOf(sample, step);
    if (found && ORDER.indexOf(level) >= ORDER.indexOf(found.level)) continue;
    const rtt_ms = sample.rttMs === null ? null : Math.round(sample.rttMs);
    found = { level, rtt_ms, loss: lossOf(sample) };
  }
  return found;
}

interface Totals {
  received: number;
  lost: number;
  pictures: number;
}
const NOTHING: Totals = { received: 0, lost: 0, pictures: 0 };

/** Reads one connection's getStats again and again, and says what happened in between. */
export class StatsReader {
  #before = NOTHING;

  read(report: Iterable<[string, unknown]>, cameraMid: string | null): Omit<Sample, "lossOut"> {
    let rttMs: number | null = null;
    let rate: number | null = null;
    const now = { ...NOTHING };
    for (const [, value] of report) {
      const stat = value as Record<string, unknown>;
      if (stat.type === "candidate-pair" && stat.nominated && stat.state === "succeeded") {
        const rtt = stat.currentRoundTripTime;
        if (typeof rtt === "number") rttMs = Math.max(rttMs ?? 0, rtt * 1000);
      } else if (stat.type === "inbound-rtp" && stat.kind === "audio") {
        now.received += Number(stat.packetsReceived ?? 0);
        now.lost += Number(stat.packetsLost ?? 0);
      } else if (stat.type === "outbound-rtp" && stat.mid === cameraMid) {
        now.pictures += Number(stat.packetsSent ?? 0);
        if (typeof stat.targetBitrate === "number") rate = stat.targetBitrate;
      }
    }
    const before = this.#before;
    this.#before = now;
    return {
      rttMs,
      lossIn: share(now.lost - before.lost, now.received - before.received),
      pictureRate: now.pictures > before.pictures ? rate : null,
    };
  }
}

/** Late packets make `lost` fall again. */
function share(lost: number, received: number): number | null {
  const missing = Math.max(0, lost);
  return received + missing > 0 ? missing / (received + missing) : null;
}
