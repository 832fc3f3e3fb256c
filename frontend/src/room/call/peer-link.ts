import {
  isPolite,
  makesFirstOffer,
  parseSignal,
  type SignalData,
  shouldIgnoreOffer,
} from "./negotiation";
import { type Sample, StatsReader } from "./quality";
import { adaptVideo, INITIAL_VIDEO, STEP_PAUSED, updateEncoding, VIDEO_STEPS } from "./video-steps";

/** The media lines (transceivers), in this order on both sides; muting one needs no renegotiation. */
const MEDIA_LINES = ["microphone", "camera", "screen"] as const;
type MediaLine = (typeof MEDIA_LINES)[number];
export type Tracks = Readonly<Record<MediaLine, MediaStreamTrack | null>>;

export type LinkState = "connecting" | "connected" | "lost";

export interface LinkHandlers {
  send(data: SignalData): void;
  onState(state: LinkState): void;
  /** The remote tracks by media line, once the transceivers exist. */
  onTracks(tracks: Tracks): void;
  /** The video step sent on this link, and whether the remote side has paused its video. */
  onVideoStep(step: number, remotePaused: boolean): void;
}

const RESTART_DELAY_MS = 3000;
const SETUP_TIMEOUT_MS = 12_000;

/** One RTCPeerConnection to one other peer; restarts ICE when the network changes. */
export class PeerLink {
  #pc: RTCPeerConnection;
  #polite: boolean;
  #makingOffer = false;
  #settingAnswer = false;
  #isIgnoringOffer = false;
  #closed = false;
  #restartTimer: ReturnType<typeof setTimeout> | undefined;
  #stats = new StatsReader();
  #video = INITIAL_VIDEO;
  #remotePaused = false;
  /** Loss of our audio that the other side last reported, 0 to 1. */
  #reportedLoss: number | null = null;
  /** Serialises the handling of incoming signals. */
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
    this.#addListeners();
    if (makesFirstOffer(own, other)) this.#addTransceivers();
    this.#restartUnlessConnected(SETUP_TIMEOUT_MS);
  }

  handleSignal(data: Record<string, unknown>): void {
    this.#queue = this.#queue
      .then(() => this.#applySignal(parseSignal(data)))
      .catch(() => this.restartIce());
  }

  setTracks(tracks: Tracks): void {
    this.tracks = tracks;
    void this.#sendTracks();
  }

  /** Sets new TURN credentials, used from the next ICE gathering on. */
  setConfiguration(configuration: RTCConfiguration): void {
    if (!this.#closed) this.#pc.setConfiguration(configuration);
  }

  /** Gathers new ICE candidates for the same call. */
  restartIce(): void {
    if (!this.#closed) this.#pc.restartIce();
  }

  /** Samples the connection since the last call and adapts the video to it; null unless connected. */
  async measure(): Promise<{ sample: Sample; step: number } | null> {
    if (this.#pc.connectionState !== "connected") return null;
    const camera = this.#pc.getTransceivers()[MEDIA_LINES.indexOf("camera")];
    const report = (await this.#pc.getStats()) as Iterable<[string, unknown]>;
    const sample = {
      ...this.#stats.read(report, camera?.mid ?? null),
      lossOut: this.#reportedLoss,
    };
    this.#reportedLoss = null;
    const before = this.#video.step;
    this.#video = adaptVideo(this.#video, sample);
    const { step } = this.#video;
    this.handlers.send({ heard: { loss: sample.lossIn ?? 0, paused: step === STEP_PAUSED } });
    if (step !== before) {
      this.#reportVideoStep();
      await this.#applyVideoStep();
    }
    return { sample, step };
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#restartTimer);
    this.#pc.close();
  }

  #addTransceivers(): void {
    for (const line of MEDIA_LINES) {
      const kind = line === "microphone" ? "audio" : "video";
      this.#pc.addTransceiver(this.tracks[line] ?? kind, { direction: "sendrecv" });
    }
    this.#reportTracks();
  }

  #addListeners(): void {
    const pc = this.#pc;
    pc.onnegotiationneeded = () => void this.#sendOffer();
    pc.onicecandidate = ({ candidate }) => {
      if (candidate) this.handlers.send({ candidate: candidate.toJSON() });
    };
    pc.onconnectionstatechange = () => this.#onConnectionStateChange();
  }

  #onConnectionStateChange(): void {
    const state = this.#pc.connectionState;
    if (state === "connected") {
      clearTimeout(this.#restartTimer);
      this.handlers.onState("connected");
      void this.#applyVideoStep();
    } else if (state === "disconnected") {
      this.handlers.onState("lost");
      this.#restartUnlessConnected(RESTART_DELAY_MS);
    } else if (state === "failed") {
      this.handlers.onState("lost");
      this.restartIce();
      this.#restartUnlessConnected(SETUP_TIMEOUT_MS);
    }
  }

  /** Restarts ICE after `delay` ms, repeatedly, until the connection is established. */
  #restartUnlessConnected(delay: number): void {
    clearTimeout(this.#restartTimer);
    this.#restartTimer = setTimeout(() => {
      if (this.#closed || this.#pc.connectionState === "connected") return;
      this.restartIce();
      this.#restartUnlessConnected(SETUP_TIMEOUT_MS);
    }, delay);
  }

  async #sendOffer(): Promise<void> {
    // The polite side has no transceivers until the first remote offer adds them.
    if (this.#closed || !this.#pc.getTransceivers().length) return;
    try {
      this.#makingOffer = true;
      await this.#pc.setLocalDescription();
      this.#sendDescription();
    } catch {
      // The link was closed, or a remote offer arrived first and is answered instead.
    } finally {
      this.#makingOffer = false;
    }
  }

  #sendDescription(): void {
    const description = this.#pc.localDescription;
    if (description) this.handlers.send({ description: description.toJSON() });
  }

  async #applySignal({ description, candidate, heard }: SignalData): Promise<void> {
    if (this.#closed) return;
    if (description) await this.#applyDescription(description);
    else if (candidate) await this.#addCandidate(candidate);
    else if (heard) {
      this.#reportedLoss = heard.loss;
      if (heard.paused === this.#remotePaused) return;
      this.#remotePaused = heard.paused;
      this.#reportVideoStep();
    }
  }

  #reportVideoStep(): void {
    this.handlers.onVideoStep(this.#video.step, this.#remotePaused);
  }

  async #applyVideoStep(): Promise<void> {
    const step = VIDEO_STEPS[this.#video.step];
    const [, camera, screen] = this.#pc.getTransceivers();
    if (!step || !camera || !screen || this.#closed) return;
    await updateEncoding(camera.sender, {
      maxBitrate: step.maxBitrate,
      scaleResolutionDownBy: step.scaleDown,
      active: step.active,
    });
    await updateEncoding(screen.sender, { maxBitrate: step.screenBitrate });
  }

  async #applyDescription(description: RTCSessionDescriptionInit): Promise<void> {
    const offer = description.type === "offer";
    this.#isIgnoringOffer =
      offer &&
      shouldIgnoreOffer({
        polite: this.#polite,
        makingOffer: this.#makingOffer,
        settingAnswer: this.#settingAnswer,
        signalingState: this.#pc.signalingState,
      });
    if (this.#isIgnoringOffer) return;
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
    this.#reportTracks();
  }

  async #addCandidate(candidate: RTCIceCandidateInit): Promise<void> {
    try {
      await this.#pc.addIceCandidate(candidate);
    } catch (error) {
      // A candidate of an ignored offer cannot be added; that is expected.
      if (!this.#isIgnoringOffer) throw error;
    }
  }

  async #sendTracks(): Promise<void> {
    if (this.#closed) return;
    const transceivers = this.#pc.getTransceivers();
    await Promise.all(
      MEDIA_LINES.map(async (line, index) => {
        const transceiver = transceivers[index];
        if (!transceiver) return;
        if (transceiver.direction !== "sendrecv") transceiver.direction = "sendrecv";
        if (transceiver.sender.track !== this.tracks[line]) {
          await transceiver.sender.replaceTrack(this.tracks[line]);
        }
      }),
    );
  }

  #reportTracks(): void {
    const [microphone, camera, screen] = this.#pc.getTransceivers().map((t) => t.receiver.track);
    this.handlers.onTracks({
      microphone: microphone ?? null,
      camera: camera ?? null,
      screen: screen ?? null,
    });
  }
}
