import { Store } from "../state/store";
import { type Choice, type DeviceError, MediaError, openScreen, openTrack } from "./media";

export type Kind = "camera" | "microphone";

export interface LocalState {
  camera: MediaStreamTrack | null;
  microphone: MediaStreamTrack | null;
  screen: MediaStreamTrack | null;
  /** The microphone stays open while it is muted, so that it is back at once. */
  muted: boolean;
  choice: Choice;
  /** The browser was asked and has not answered: it may be asking the person. */
  opening: Readonly<Record<Kind, boolean>>;
  errors: Readonly<Record<Kind | "screen", DeviceError | null>>;
}

/** Our own camera, microphone and screen. */
export class LocalMedia {
  readonly store: Store<LocalState>;
  #turns = { camera: 0, microphone: 0 };

  constructor(choice: Choice) {
    this.store = new Store<LocalState>({
      camera: null,
      microphone: null,
      screen: null,
      muted: false,
      choice,
      opening: { camera: false, microphone: false },
      errors: { camera: null, microphone: null, screen: null },
    });
  }

  async open(kind: Kind): Promise<void> {
    this.#turns[kind] += 1;
    const turn = this.#turns[kind];
    this.#setOpening(kind, true);
    try {
      const track = await openTrack(kind, this.store.get().choice[kind]);
      if (turn !== this.#turns[kind]) return track.stop();
      this.#put(kind, track);
    } catch (error) {
      if (turn === this.#turns[kind]) this.#failed(kind, error);
    }
  }

  /** Also puts out the lamp of the camera. */
  close(kind: Kind | "screen"): void {
    if (kind !== "screen") {
      this.#turns[kind] += 1;
      this.#setOpening(kind, false);
    }
    this.store.get()[kind]?.stop();
    this.store.patch({ [kind]: null });
  }

  async choose(kind: Kind, device: string): Promise<void> {
    const { choice } = this.store.get();
    this.store.patch({ choice: { ...choice, [kind]: device } });
    const { [kind]: track, errors } = this.store.get();
    if (!track && !errors[kind]) return;
    this.close(kind);
    await this.open(kind);
  }

  async setMicrophone(on: boolean): Promise<void> {
    this.store.patch({ muted: !on });
    const { microphone } = this.store.get();
    if (microphone) {
      microphone.enabled = on;
      this.store.set({ ...this.store.get() });
    } else if (on) await this.open("microphone");
  }

  async shareScreen(): Promise<void> {
    try {
      const screen = await openScreen();
      if (!screen) return;
      screen.addEventListener("ended", () => this.close("screen"));
      this.store.patch({ screen, errors: { ...this.store.get().errors, screen: null } });
    } catch (error) {
      this.#failed("screen", error);
    }
  }

  stop(): void {
    for (const kind of ["camera", "microphone", "screen"] as const) this.close(kind);
  }

  #put(kind: Kind, track: MediaStreamTrack): void {
    const { errors, muted } = this.store.get();
    if (kind === "microphone") track.enabled = !muted;
    // Unplugged, or the permission was taken back.
    track.addEventListener("ended", () => {
      if (this.store.get()[kind] === track) this.store.patch({ [kind]: null });
    });
    this.#setOpening(kind, false);
    this.store.patch({ [kind]: track, errors: { ...errors, [kind]: null } });
  }

  #setOpening(kind: Kind, opening: boolean): void {
    this.store.patch({ opening: { ...this.store.get().opening, [kind]: opening } });
  }

  #failed(kind: Kind | "screen", error: unknown): void {
    if (kind !== "screen") this.#setOpening(kind, false);
    const reason = error instanceof MediaError ? error.reason : "unknown";
    this.store.patch({ errors: { ...this.store.get().errors, [kind]: reason } });
  }
}
