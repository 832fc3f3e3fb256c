import {
  ignoresOffer,
  isPolite,
  makesFirstOffer,
  readSignal,
  type SignalData,
} from "./negotiation";
import { readStats, type Sample, type VideoStep } from "./quality";

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
  #totals = { sent: 0, lost: 0 };
  #step: VideoStep | null = null;
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

  async setVideo(step: VideoStep): Promise<void> {
    this.#step = step;
    const sender = this.#pc.getTransceivers()[LINES.indexOf("camera")]?.sender;
    if (!sender || this.#closed) return;
    const parameters = sender.getParameters();
    const [encoding] = parameters.encodings;
    // Before the first negotiation there are none; it is called again once connected.
    if (!encoding) return;
    encoding.maxBitrate = step.maxBitrate;
    encoding.scaleResolutionDownBy = step.scaleDown;
    encoding.active = step.active;
    await sender.setParameters(parameters);
  }

  /** New addresses for the same call. */
  restart(): void {
    if (!this.#closed) this.#pc.restartIce();
  }

  async sample(): Promise<Sample | null> {
    if (this.#pc.connectionState !== "connected") return null;
    return readStats((await this.#pc.getStats()) as Iterable<[string, unknown]>, this.#totals);
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
      if (this.#step) void this.setVideo(this.#step);
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

  async #take({ description, candidate }: SignalData): Promise<void> {
    if (this.#closed) return;
    if (description) await this.#describe(description);
    else if (candidate) await this.#addCandidate(candidate);
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
