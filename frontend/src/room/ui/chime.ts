const FREQUENCIES_HZ = [660, 880];
const NOTE_S = 0.14;
const VOLUME = 0.08;

/** One for the page: a browser has few, and one that it does not let play yet is never closed. */
let shared: AudioContext | null = null;

/** Plays two short soft notes; silent where the browser does not allow sound yet. */
export function playChime(): void {
  shared ??= new AudioContext();
  const context = shared;
  if (context.state !== "running") {
    void context.resume(); // for the next time: notes that wait for a click would come too late
    return;
  }
  const volume = context.createGain();
  volume.gain.value = VOLUME;
  volume.connect(context.destination);
  FREQUENCIES_HZ.forEach((frequency, index) => {
    const note = context.createOscillator();
    note.frequency.value = frequency;
    note.connect(volume);
    note.start(context.currentTime + index * NOTE_S);
    note.stop(context.currentTime + (index + 1) * NOTE_S);
  });
}
