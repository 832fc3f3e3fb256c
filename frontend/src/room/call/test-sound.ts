import { setSpeaker } from "./media";

/** Two tones, in Hz, each as long as TONE_S. */
const TONES_HZ = [523, 784];
const TONE_S = 0.35;

/** Plays a short sound to the chosen loudspeaker; resolves when it has ended. */
export async function playTestSound(speaker: string | null): Promise<void> {
  const context = new AudioContext();
  const destination = context.createMediaStreamDestination();
  const gain = context.createGain();
  gain.gain.value = 0.2;
  gain.connect(destination);
  const player = new Audio();
  player.srcObject = destination.stream;
  await setSpeaker(player, speaker);
  await player.play();
  await Promise.all(TONES_HZ.map((hz, index) => playTone(context, gain, hz, index * TONE_S)));
  await context.close();
}

function playTone(context: AudioContext, output: AudioNode, hz: number, delay: number) {
  const tone = context.createOscillator();
  tone.frequency.value = hz;
  tone.connect(output);
  tone.start(context.currentTime + delay);
  tone.stop(context.currentTime + delay + TONE_S);
  return new Promise((resolve) => tone.addEventListener("ended", resolve));
}
