import {
  ignoresOffer,
  isPolite,
  makesFirstOffer,
  readSignal,
  type SignalData,
} from "./negotiation";
import { type Sample, StatsReader } from "./quality";
import { adapt, changeEncoding, FIRST_VIDEO, PAUSED, VIDEO_STEPS } from "./video-steps";

/** The media lines, in this order on both sides; switching one on or off needs no negotiation. */
export const LINES = ["microphone", "camera", "screen"] as const;
export type Line = (typeof LINES)[number];
export type Tracks = Readonly<Record<Line, MediaStreamTrack | null>>;

export type LinkState = "connecting" | "connected" | "lost";

export interface LinkHandlers {
  send(data: SignalData): void;
  state(state: LinkState): void;
  /** Tracks of the other side, by line, as soon as they are known. */
  remote(tracks: Tracks): void;
  /** How far our picture was lowered on this line, and whether the other's is paused. */
  pictures(step: number, theirsPaused: boolean): void;
}

const RESTART_AFTER = 3000;
const SETUP_PATIENCE = 12_000;

/** One RTCPeerConnection to one other peer, kept alive over changes of network. */
export class PeerLink {
  #pc: RTCPeerConnection;
  #polite: boolean;
  #makingOffer = false;
  #settingAnswer = false;
  #ignored = false;
  #closed = false;
  #restart: ReturnType<typeof setTimeout> | undefined;
  #stats = new StatsReader();
  #video = FIRST_VIDEO;
  #theirsPaused = false;
  /** What the other side last said it misses of our sound. */
  #lossOut: number | null = null;
  /** Signals are handled one after another; each waits for those before it. */
  #queue: Promise<void> = Promise.resolve();

  constructor(
    own: string,
    other: string,
    configuration: RTCConfiguration,
    private tracks: Tracks,
    private readonly handlers: LinkHandlers,
  ) {
    this.#polite = isPolite(own, other);
    this.#pc = new RTCPeerConnection(configuration);
    this.#listen();
    if (makesFirstOffer(own, other)) this.#layOut();
    this.#expectConnection(SETUP_PATIENCE);
  }

  signal(data: Record<string, unknown>): void {
    this.#queue = this.#queue.then(() => this.#take(readSignal(data))).catch(() => this.restart());
  }

  setTracks(tracks: Tracks): void {
    this.tracks = tracks;
    void this.#sendTracks();
  }

  /** The relay's new credentials, for the next time that a way is looked for. */
  configure(configuration: RTCConfiguration): void {
    if (!this.#closed) this.#pc.setConfiguration(configuration);
  }

  /** New addresses for the same call. */
  restart(): void {
    if (!this.#closed) this.#pc.restartIce();
  }

  /** How the line was since it was last asked, having drawn the conclusions from it. */
  async measure(): Promise<{ sample: Sample; step: number } | null> {
    if (this.#pc.connectionState !== "connected") return null;
    const camera = this.#pc.getTransceivers()[LINES.indexOf("camera")];
    const report = (await this.#pc.getStats()) as Iterable<[string, unknown]>;
    const sample = {
      ...this.#stats.read(report, camera?.mid ?? null),
      lossOut: this.#lossOut,
    };
    this.#lossOut = null;
    const before = this.#video.step;
    this.#video = adapt(this.#video, sample);
    const { step } = this.#video;
    this.handlers.send({ heard: { loss: sample.lossIn ?? 0, paused: step === PAUSED } });
    if (step !== before) {
      this.#tellPictures();
      await this.#applyStep();
    }
    return { sample, step };
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#restart);
    this.#pc.close();
  }

  #layOut(): void {
    for (const line of LINES) {
      const kind = line === "microphone" ? "audio" : "video";
      this.#pc.addTransceiver(this.tracks[line] ?? kind, { direction: "sendrecv" });
    }
    this.#announce();
  }

  #listen(): void {
    const pc = this.#pc;
    pc.onnegotiationneeded = () => void this.#offer();
    pc.onicecandidate = ({ candidate }) => {
      if (candidate) this.handlers.send({ candidate: candidate.toJSON() });
    };
    pc.onconnectionstatechange = () => this.#changed();
  }

  #changed(): void {
    const state = this.#pc.connectionState;
    if (state === "connected") {
      clearTimeout(this.#restart);
      this.handlers.state("connected");
      void this.#applyStep();
    } else if (state === "disconnected") {
      this.handlers.state("lost");
      this.#expectConnection(RESTART_AFTER);
    } else if (state === "failed") {
      this.handlers.state("lost");
      this.restart();
      this.#expectConnection(SETUP_PATIENCE);
    }
  }

  /** Starts ICE anew, again and again, until there is a connection. */
  #expectConnection(patience: number): void {
    clearTimeout(this.#restart);
    this.#restart = setTimeout(() => {
      if (this.#closed || this.#pc.connectionState === "connected") return;
      this.restart();
      this.#expectConnection(SETUP_PATIENCE);
    }, patience);
  }

  async #offer(): Promise<void> {
    // The polite side has no lines until the other's first offer brings them.
    if (this.#closed || !this.#pc.getTransceivers().length) return;
    try {
      this.#makingOffer = true;
      await this.#pc.setLocalDescription();
      this.#sendDescription();
    } catch {
      // Closed meanwhile, or the other's offer came first: that one is answered instead.
    } finally {
      this.#makingOffer = false;
    }
  }

  #sendDescription(): void {
    const description = this.#pc.localDescription;
    if (description) this.handlers.send({ description: description.toJSON() });
  }

  async #take({ description, candidate, heard }: SignalData): Promise<void> {
    if (this.#closed) return;
    if (description) await this.#describe(description);
    else if (candidate) await this.#addCandidate(candidate);
    else if (heard) {
      this.#lossOut = heard.loss;
      if (heard.paused === this.#theirsPaused) return;
      this.#theirsPaused = heard.paused;
      this.#tellPictures();
    }
  }

  #tellPictures(): void {
    this.handlers.pictures(this.#video.step, this.#theirsPaused);
  }

  async #applyStep(): Promise<void> {
    const step = VIDEO_STEPS[this.#video.step];
    const [, camera, screen] = this.#pc.getTransceivers();
    if (!step || !camera || !screen || this.#closed) return;
    await changeEncoding(camera.sender, {
      maxBitrate: step.maxBitrate,
      scaleResolutionDownBy: step.scaleDown,
      active: step.active,
    });
    await changeEncoding(screen.sender, { maxBitrate: step.screenBitrate });
  }

  async #describe(description: RTCSessionDescriptionInit): Promise<void> {
    const offer = description.type === "offer";
    this.#ignored =
      offer &&
      ignoresOffer({
        polite: this.#polite,
        makingOffer: this.#makingOffer,
        settingAnswer: this.#settingAnswer,
        signalingState: this.#pc.signalingState,
      });
    if (this.#ignored) return;
    this.#settingAnswer = description.type === "answer";
    try {
      await this.#pc.setRemoteDescription(description);
    } finally {
      this.#settingAnswer = false;
    }
    if (!offer) return;
    await this.#sendTracks();
    await this.#pc.setLocalDescription();
    this.#sendDescription();
    this.#announce();
  }

  async #addCandidate(candidate: RTCIceCandidateInit): Promise<void> {
    try {
      await this.#pc.addIceCandidate(candidate);
    } catch (error) {
      // One that belongs to an offer we dropped fits nothing, and need not.
      if (!this.#ignored) throw error;
    }
  }

  async #sendTracks(): Promise<void> {
    if (this.#closed) return;
    const transceivers = this.#pc.getTransceivers();
    await Promise.all(
      LINES.map(async (line, index) => {
        const transceiver = transceivers[index];
        if (!transceiver) return;
        if (transceiver.direction !== "sendrecv") transceiver.direction = "sendrecv";
        if (transceiver.sender.track !== this.tracks[line]) {
          await transceiver.sender.replaceTrack(this.tracks[line]);
        }
      }),
    );
  }

  #announce(): void {
    const [microphone, camera, screen] = this.#pc.getTransceivers().map((t) => t.receiver.track);
    this.handlers.remote({
      microphone: microphone ?? null,
      camera: camera ?? null,
      screen: screen ?? null,
    });
  }
}
