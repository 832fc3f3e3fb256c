/** How much of our camera one other person is sent. Sound is never touched: it comes first. */
export interface VideoStep {
  maxBitrate: number;
  scaleDown: number;
  active: boolean;
  /** A shared screen gives way too, in frames: its text must stay sharp. */
  screenBitrate: number;
}

export const VIDEO_STEPS: readonly VideoStep[] = [
  { maxBitrate: 1_200_000, scaleDown: 1, active: true, screenBitrate: 1_500_000 },
  { maxBitrate: 350_000, scaleDown: 2, active: true, screenBitrate: 800_000 },
  { maxBitrate: 120_000, scaleDown: 4, active: true, screenBitrate: 200_000 },
  { maxBitrate: 120_000, scaleDown: 4, active: false, screenBitrate: 80_000 },
];
export const SMALL = 2;
export const PAUSED = 3;

/** What a step is chosen by. */
export interface Line {
  /** Share of our sound that the other side missed; null where it has not said. */
  lossOut: number | null;
  /** What the browser thinks the line has for our picture, in bit/s; null where none is sent. */
  pictureRate: number | null;
}

export interface VideoState {
  step: number;
  /** Samples in a row that were good enough for more, or too bad for this. */
  good: number;
  bad: number;
  /** Good samples that are asked for before the next step up. */
  patience: number;
  /** Just taken up a step: should that fail, it is taken back at once and tried later again. */
  raised: boolean;
}

const PATIENCE = 5;
const LONGEST_PATIENCE = 30;
const DOWN_AFTER = 2;
const FAIR_LOSS = 0.03;
const POOR_LOSS = 0.1;
const TIGHT = 100_000;

/** Below the best: a picture that is too much for the line costs the first words of the lesson. */
export const FIRST_VIDEO: VideoState = {
  step: 1,
  good: 0,
  bad: 0,
  patience: PATIENCE,
  raised: false,
};

/** Down soon, and up slowly. A fair line carries the small picture; only a poor one loses it. */
export function adapt(state: VideoState, { lossOut, pictureRate }: Line): VideoState {
  if (lossOut === null) return state;
  const poor = lossOut > POOR_LOSS;
  const tight = pictureRate !== null && pictureRate < TIGHT;
  const fair = state.step < SMALL && (lossOut > FAIR_LOSS || tight);
  if (poor || fair) {
    const sure = state.bad + 1 >= DOWN_AFTER || (poor && state.raised);
    return sure ? lower(state, poor ? 2 : 1) : { ...state, good: 0, bad: state.bad + 1 };
  }
  const cap = VIDEO_STEPS[state.step]?.maxBitrate ?? 0;
  const held = pictureRate !== null && pictureRate < 0.8 * cap;
  const good = lossOut > FAIR_LOSS || held ? 0 : state.good + 1;
  const raised = state.raised && good < PATIENCE;
  if (good < state.patience || state.step === 0) return { ...state, good, bad: 0, raised };
  return { ...state, step: state.step - 1, good: 0, bad: 0, raised: true };
}

function lower(state: VideoState, steps: number): VideoState {
  const patience = state.raised ? Math.min(LONGEST_PATIENCE, 2 * state.patience) : state.patience;
  return { step: Math.min(PAUSED, state.step + steps), good: 0, bad: 0, patience, raised: false };
}

export async function changeEncoding(
  sender: RTCRtpSender,
  fields: RTCRtpEncodingParameters,
): Promise<void> {
  const parameters = sender.getParameters();
  const [encoding] = parameters.encodings;
  // Before the first negotiation there are none.
  if (!encoding) return;
  Object.assign(encoding, fields);
  await sender.setParameters(parameters);
}
