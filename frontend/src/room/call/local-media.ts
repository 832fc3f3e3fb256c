import { Store } from "../state/store";
import { type DeviceChoice, type DeviceError, MediaError, openScreen, openTrack } from "./media";

export type DeviceKind = "camera" | "microphone";

export interface LocalState {
  camera: MediaStreamTrack | null;
  microphone: MediaStreamTrack | null;
  screen: MediaStreamTrack | null;
  /** A muted microphone stays open, so that unmuting takes effect at once. */
  muted: boolean;
  choice: DeviceChoice;
  /** Whether getUserMedia is pending; the browser may be showing its permission prompt. */
  opening: Readonly<Record<DeviceKind, boolean>>;
  errors: Readonly<Record<DeviceKind | "screen", DeviceError | null>>;
}

/** The local camera, microphone and screen tracks. */
export class LocalMedia {
  readonly store: Store<LocalState>;
  /** Counts the calls of open and close, so that an outdated getUserMedia result is dropped. */
  #requests = { camera: 0, microphone: 0 };

  constructor(choice: DeviceChoice) {
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

  async open(kind: DeviceKind): Promise<void> {
    this.#requests[kind] += 1;
    const request = this.#requests[kind];
    this.#setOpening(kind, true);
    try {
      const track = await openTrack(kind, this.store.get().choice[kind]);
      if (request !== this.#requests[kind]) return track.stop();
      this.#setTrack(kind, track);
    } catch (error) {
      if (request === this.#requests[kind]) this.#setError(kind, error);
    }
  }

  /** Stops the track, which also turns off the camera's light. */
  close(kind: DeviceKind | "screen"): void {
    if (kind !== "screen") {
      this.#requests[kind] += 1;
      this.#setOpening(kind, false);
    }
    this.store.get()[kind]?.stop();
    this.store.patch({ [kind]: null });
  }

  async chooseDevice(kind: DeviceKind, device: string): Promise<void> {
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
      this.#setError("screen", error);
    }
  }

  stop(): void {
    for (const kind of ["camera", "microphone", "screen"] as const) this.close(kind);
  }

  #setTrack(kind: DeviceKind, track: MediaStreamTrack): void {
    const { errors, muted } = this.store.get();
    if (kind === "microphone") track.enabled = !muted;
    // The device was unplugged, or the permission was revoked.
    track.addEventListener("ended", () => {
      if (this.store.get()[kind] === track) this.store.patch({ [kind]: null });
    });
    this.#setOpening(kind, false);
    this.store.patch({ [kind]: track, errors: { ...errors, [kind]: null } });
  }

  #setOpening(kind: DeviceKind, opening: boolean): void {
    this.store.patch({ opening: { ...this.store.get().opening, [kind]: opening } });
  }

  #setError(kind: DeviceKind | "screen", error: unknown): void {
    if (kind !== "screen") this.#setOpening(kind, false);
    const reason = error instanceof MediaError ? error.reason : "unknown";
    this.store.patch({ errors: { ...this.store.get().errors, [kind]: reason } });
  }
}
