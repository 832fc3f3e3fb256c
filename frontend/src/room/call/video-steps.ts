/** Encoding limits for the video sent to one peer. Audio is never limited. */
export interface VideoStep {
  maxBitrate: number;
  scaleDown: number;
  active: boolean;
  /** In bit/s; a shared screen loses frames rather than sharpness, so that its text stays readable. */
  screenBitrate: number;
}

export const VIDEO_STEPS: readonly VideoStep[] = [
  { maxBitrate: 1_200_000, scaleDown: 1, active: true, screenBitrate: 1_500_000 },
  { maxBitrate: 350_000, scaleDown: 2, active: true, screenBitrate: 800_000 },
  { maxBitrate: 120_000, scaleDown: 4, active: true, screenBitrate: 200_000 },
  { maxBitrate: 120_000, scaleDown: 4, active: false, screenBitrate: 80_000 },
];
export const STEP_SMALL = 2;
export const STEP_PAUSED = 3;

/** The measurements from which the step is chosen. */
export interface LinkSample {
  /** Loss of our audio as the other side reported it, 0 to 1; null without a report. */
  lossOut: number | null;
  /** The browser's target bitrate for our camera, in bit/s; null while none is sent. */
  videoBitrate: number | null;
}

export interface VideoState {
  step: number;
  /** Consecutive samples that were good enough for a higher step, or too bad for this one. */
  good: number;
  bad: number;
  /** Good samples required before the next step up. */
  samplesBeforeStepUp: number;
  /** Just raised by one step: a failure lowers it at once and delays the next attempt. */
  raised: boolean;
}

const MIN_SAMPLES_BEFORE_STEP_UP = 5;
const MAX_SAMPLES_BEFORE_STEP_UP = 30;
const SAMPLES_BEFORE_STEP_DOWN = 2;
const FAIR_LOSS = 0.03;
const POOR_LOSS = 0.1;
const LOW_BITRATE = 100_000;

/** Starts below the best step: too much video would garble the first words of the lesson. */
export const INITIAL_VIDEO: VideoState = {
  step: 1,
  good: 0,
  bad: 0,
  samplesBeforeStepUp: MIN_SAMPLES_BEFORE_STEP_UP,
  raised: false,
};

/** Lowers the step quickly and raises it slowly. Only a poor connection pauses the video. */
export function adaptVideo(state: VideoState, { lossOut, videoBitrate }: LinkSample): VideoState {
  if (lossOut === null) return state;
  const poor = lossOut > POOR_LOSS;
  const isLow = videoBitrate !== null && videoBitrate < LOW_BITRATE;
  const fair = state.step < STEP_SMALL && (lossOut > FAIR_LOSS || isLow);
  if (poor || fair) {
    const confirmed = state.bad + 1 >= SAMPLES_BEFORE_STEP_DOWN || (poor && state.raised);
    return confirmed ? lowerVideo(state, poor ? 2 : 1) : { ...state, good: 0, bad: state.bad + 1 };
  }
  const cap = VIDEO_STEPS[state.step]?.maxBitrate ?? 0;
  const limited = videoBitrate !== null && videoBitrate < 0.8 * cap;
  const good = lossOut > FAIR_LOSS || limited ? 0 : state.good + 1;
  const raised = state.raised && good < MIN_SAMPLES_BEFORE_STEP_UP;
  if (good < state.samplesBeforeStepUp || state.step === 0)
    return { ...state, good, bad: 0, raised };
  return { ...state, step: state.step - 1, good: 0, bad: 0, raised: true };
}

function lowerVideo(state: VideoState, steps: number): VideoState {
  const samplesBeforeStepUp = state.raised
    ? Math.min(MAX_SAMPLES_BEFORE_STEP_UP, 2 * state.samplesBeforeStepUp)
    : state.samplesBeforeStepUp;
  return {
    step: Math.min(STEP_PAUSED, state.step + steps),
    good: 0,
    bad: 0,
    samplesBeforeStepUp,
    raised: false,
  };
}

export async function updateEncoding(
  sender: RTCRtpSender,
  fields: RTCRtpEncodingParameters,
): Promise<void> {
  const parameters = sender.getParameters();
  const [encoding] = parameters.encodings;
  // There are no encodings before the first negotiation.
  if (!encoding) return;
  Object.assign(encoding, fields);
  await sender.setParameters(parameters);
}
