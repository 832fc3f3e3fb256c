import { Store } from "../state/store";
import { saveDeviceChoice } from "./device-choice";
import {
  type DeviceChoice,
  type DeviceError,
  type DeviceKind,
  listDevices,
  MediaError,
  openScreen,
  openTrack,
} from "./media";

const KINDS = ["camera", "microphone"] as const;
/** How long a track may stay muted after the page is shown again before it is opened anew. */
const UNMUTE_TIMEOUT_MS = 1000;

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
  /** Whether the system has taken the device away for a while, as a phone call does. */
  interrupted: Readonly<Record<DeviceKind, boolean>>;
  /** Whether the device ended by itself (unplugged) and nothing has taken its place yet. */
  lost: Readonly<Record<DeviceKind, boolean>>;
  /** The last device that took another's place by itself. */
  replacement: { kind: DeviceKind; label: string } | null;
}

/** The local camera, microphone and screen tracks. */
export class LocalMedia {
  readonly store: Store<LocalState>;
  /** Counts the calls of open and close, so that an outdated getUserMedia result is dropped. */
  #requests = { camera: 0, microphone: 0 };
  #deviceIds = new WeakMap<MediaStreamTrack, string | null>();
  /** Ids of the devices that were unplugged; used again once they are back. */
  #unplugged: Record<DeviceKind, string | null> = { camera: null, microphone: null };

  constructor(choice: DeviceChoice) {
    this.store = new Store<LocalState>({
      camera: null,
      microphone: null,
      screen: null,
      muted: false,
      choice,
      opening: { camera: false, microphone: false },
      errors: { camera: null, microphone: null, screen: null },
      interrupted: { camera: false, microphone: false },
      lost: { camera: false, microphone: false },
      replacement: null,
    });
  }

  /** Recovers tracks when devices or the page come back; returns a function that stops it. */
  watch(): () => void {
    const onDevices = () => void this.#onDevicesChanged();
    const onVisible = () => {
      if (document.visibilityState === "visible") this.#checkTracks();
    };
    navigator.mediaDevices?.addEventListener("devicechange", onDevices);
    document.addEventListener("visibilitychange", onVisible);
    return () => {
      navigator.mediaDevices?.removeEventListener("devicechange", onDevices);
      document.removeEventListener("visibilitychange", onVisible);
    };
  }

  async open(kind: DeviceKind, device = this.store.get().choice[kind]): Promise<void> {
    this.#requests[kind] += 1;
    const request = this.#requests[kind];
    this.#patchKind("opening", kind, true);
    try {
      const track = await openTrack(kind, device);
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
      this.#patchKind("opening", kind, false);
      this.#patchKind("interrupted", kind, false);
      this.dismissLoss(kind);
    }
    this.store.get()[kind]?.stop();
    this.store.patch({ [kind]: null });
  }

  async chooseDevice(kind: DeviceKind, device: string): Promise<void> {
    this.#choose({ [kind]: device });
    const { [kind]: track, errors } = this.store.get();
    if (!track && !errors[kind]) return;
    this.close(kind);
    await this.open(kind);
  }

  chooseSpeaker(device: string): void {
    this.#choose({ speaker: device });
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

  /** Gives up a device that ended by itself. */
  dismissLoss(kind: DeviceKind): void {
    this.#unplugged[kind] = null;
    this.#patchKind("lost", kind, false);
  }

  stop(): void {
    for (const kind of [...KINDS, "screen"] as const) this.close(kind);
  }

  #choose(part: Partial<DeviceChoice>): void {
    const choice = { ...this.store.get().choice, ...part };
    this.store.patch({ choice });
    saveDeviceChoice(choice);
  }

  #setTrack(kind: DeviceKind, track: MediaStreamTrack): void {
    const { errors, muted, [kind]: previous } = this.store.get();
    previous?.stop();
    if (kind === "microphone") track.enabled = !muted;
    // An ended track no longer tells its device.
    this.#deviceIds.set(track, track.getSettings().deviceId ?? null);
    const isCurrent = () => this.store.get()[kind] === track;
    // The device was unplugged, or the permission was revoked.
    track.addEventListener("ended", () => {
      if (isCurrent()) void this.#onEnded(kind, track);
    });
    for (const event of ["mute", "unmute"] as const) {
      track.addEventListener(event, () => {
        if (isCurrent()) this.#patchKind("interrupted", kind, event === "mute");
      });
    }
    this.store.patch({ [kind]: track, errors: { ...errors, [kind]: null } });
    this.#patchKind("opening", kind, false);
    this.#patchKind("interrupted", kind, track.muted);
    this.#patchKind("lost", kind, false);
  }

  async #onEnded(kind: DeviceKind, track: MediaStreamTrack): Promise<void> {
    const ended = this.#deviceIds.get(track) ?? null;
    this.store.patch({ [kind]: null });
    this.#patchKind("lost", kind, true);
    const ids = await deviceIds(kind);
    // A device that is still listed is broken or taken away, and is not waited for.
    if (ended && !ids.includes(ended)) this.#unplugged[kind] ??= ended;
    await this.#replace(kind, ids, ended);
  }

  /** Opens the next device of a kind that was lost, the ended one only if there is no other. */
  async #replace(kind: DeviceKind, ids: string[], ended: string | null): Promise<void> {
    const { choice, lost } = this.store.get();
    if (!lost[kind]) return;
    const others = ids.filter((id) => id !== ended);
    const next = others.find((id) => id === choice[kind]) ?? others[0] ?? choice[kind];
    await this.#openReplacement(kind, next);
  }

  async #openReplacement(kind: DeviceKind, device: string | null): Promise<void> {
    await this.open(kind, device);
    const { [kind]: track } = this.store.get();
    if (track) this.store.patch({ replacement: { kind, label: track.label } });
  }

  async #onDevicesChanged(): Promise<void> {
    for (const kind of KINDS) {
      const unplugged = this.#unplugged[kind];
      if (!unplugged && !this.store.get().lost[kind]) continue;
      const ids = await deviceIds(kind);
      if (unplugged && ids.includes(unplugged)) {
        this.#unplugged[kind] = null;
        await this.#openReplacement(kind, unplugged);
      } else await this.#replace(kind, ids, unplugged);
    }
  }

  /** Opens anew what ended or stayed muted while the page was hidden, as happens on phones. */
  #checkTracks(): void {
    for (const kind of KINDS) {
      const { [kind]: track } = this.store.get();
      if (track?.readyState === "ended") void this.#onEnded(kind, track);
      else if (track?.muted) {
        setTimeout(() => {
          if (track.muted && this.store.get()[kind] === track) {
            void this.open(kind, this.#deviceIds.get(track));
          }
        }, UNMUTE_TIMEOUT_MS);
      }
    }
  }

  #patchKind(field: "opening" | "interrupted" | "lost", kind: DeviceKind, value: boolean): void {
    const { [field]: old } = this.store.get();
    if (old[kind] !== value) this.store.patch({ [field]: { ...old, [kind]: value } });
  }

  #setError(kind: DeviceKind | "screen", error: unknown): void {
    if (kind !== "screen") this.#patchKind("opening", kind, false);
    const reason = error instanceof MediaError ? error.reason : "unknown";
    this.store.patch({ errors: { ...this.store.get().errors, [kind]: reason } });
  }
}

async function deviceIds(kind: DeviceKind): Promise<string[]> {
  const { cameras, microphones } = await listDevices();
  return (kind === "camera" ? cameras : microphones).map((device) => device.deviceId);
}
