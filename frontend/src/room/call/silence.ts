import { startLevelMeter } from "./level-meter";

/** How long an open microphone may give nothing at all before its owner is told. */
export const SILENCE_WARNING_MS = 15_000;

/** Whether a microphone has given no sound at all since it was opened. */
export class SilenceDetector {
  #heard = false;

  constructor(private readonly startedAt: number) {}

  /** Takes a level from 0 to 1, measured at `now` (ms); returns whether to warn. */
  isSilent(level: number, now: number): boolean {
    if (level > 0) this.#heard = true;
    return !this.#heard && now - this.startedAt >= SILENCE_WARNING_MS;
  }
}

/** Reports whether the track is silent, on each change; returns a function that stops it. */
export function watchSilence(
  track: MediaStreamTrack,
  onChange: (isSilent: boolean) => void,
): () => void {
  const detector = new SilenceDetector(performance.now());
  let last = false;
  return startLevelMeter(track, (level) => {
    const isSilent = detector.isSilent(level, performance.now());
    if (isSilent !== last) onChange(isSilent);
    last = isSilent;
  });
}
