const FREQUENCIES_HZ = [660, 880];
const NOTE_S = 0.14;
const VOLUME = 0.08;

/** Plays two short soft notes; silent where the browser does not allow sound yet. */
export function playChime(): void {
  const context = new AudioContext();
  const volume = context.createGain();
  volume.gain.value = VOLUME;
  volume.connect(context.destination);
  FREQUENCIES_HZ.forEach((frequency, index) => {
    const note = context.createOscillator();
    note.frequency.value = frequency;
    note.connect(volume);
    note.start(context.currentTime + index * NOTE_S);
    note.stop(context.currentTime + (index + 1) * NOTE_S);
    note.onended = () => index === FREQUENCIES_HZ.length - 1 && void context.close();
  });
}
