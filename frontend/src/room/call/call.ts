import { isRelayOnly } from "../config";
import type { MediaState, ServerMessage } from "../protocol";
import type { RoomSession } from "../state/session";
import { Store } from "../state/store";
import type { LocalMedia, LocalState } from "./local-media";
import { type CallMember, selectCallPeers } from "./negotiation";
import { type LinkState, PeerLink, type Tracks } from "./peer-link";
import { summariseQuality } from "./quality";

const MEASURE_INTERVAL_MS = 2000;

export interface RemotePeer {
  tracks: Tracks | null;
  state: LinkState;
  /** Index into VIDEO_STEPS of the video sent to this peer; lowered to keep the audio clear. */
  videoStep: number;
  /** Whether the peer has paused its video for the same reason. */
  videoPaused: boolean;
}

export interface CallState {
  remotes: Readonly<Record<string, RemotePeer>>;
  /** Why this tab is not in the call: it is full, or a newer tab of the same person is in it. */
  noCallReason: "full" | "elsewhere" | null;
}

const INITIAL_STATE: CallState = { remotes: {}, noCallReason: null };
const NEW_REMOTE: RemotePeer = {
  tracks: null,
  state: "connecting",
  videoStep: 0,
  videoPaused: false,
};

/** The call: a mesh of one PeerLink to each of up to three other people. */
export class Call {
  readonly store = new Store<CallState>(INITIAL_STATE);
  #links = new Map<string, PeerLink>();
  #own: CallMember | null = null;
  #others: readonly CallMember[] = [];
  #sentMedia: MediaState | null = null;
  #networkType = networkInformation(navigator)?.type;
  #timer: ReturnType<typeof setInterval> | undefined;
  #unsubscribers: (() => void)[] = [];

  constructor(
    private readonly session: RoomSession,
    private readonly local: LocalMedia,
  ) {}

  start(): void {
    this.#unsubscribers.push(this.session.onMessage((message) => this.#onMessage(message)));
    this.#unsubscribers.push(this.local.store.subscribe(() => this.#onLocalChange()));
    this.#timer = setInterval(() => void this.#measure(), MEASURE_INTERVAL_MS);
    addEventListener("online", this.#restartIce);
    networkInformation(navigator)?.addEventListener("change", this.#onNetworkChange);
  }

  stop(): void {
    clearInterval(this.#timer);
    removeEventListener("online", this.#restartIce);
    networkInformation(navigator)?.removeEventListener("change", this.#onNetworkChange);
    for (const unsubscribe of this.#unsubscribers.splice(0)) unsubscribe();
    this.#closeAll();
    this.local.stop();
  }

  readonly #restartIce = (): void => {
    for (const link of this.#links.values()) link.restartIce();
  };

  /** The event also fires for new bandwidth estimates, which need no ICE restart. */
  readonly #onNetworkChange = (): void => {
    const type = networkInformation(navigator)?.type;
    if (type !== this.#networkType) this.#restartIce();
    this.#networkType = type;
  };

  #onMessage(message: ServerMessage): void {
    if (message.type === "welcome" && message.you.state === "in") {
      // After a reconnect we have a new peer id, so the others have closed the old links too.
      this.#closeAll();
      this.#own = message.you;
      this.#others = message.peers.filter(({ peer }) => peer !== message.you.peer);
      this.#sentMedia = null;
      this.#sendMedia();
      this.#updateLinks();
    } else if (message.type === "peer.joined") {
      const { peer } = message.peer;
      if (peer === this.#own?.peer || this.#others.some((other) => other.peer === peer)) return;
      this.#others = [...this.#others, message.peer];
      this.#updateLinks();
    } else if (message.type === "peer.left") {
      this.#others = this.#others.filter(({ peer }) => peer !== message.peer);
      this.#updateLinks();
    } else if (message.type === "ice") {
      for (const link of this.#links.values()) link.setConfiguration(this.#configuration());
    } else if (message.type === "signal") this.#links.get(message.from)?.handleSignal(message.data);
    else if (message.type === "muted") void this.local.setMicrophone(false);
  }

  #updateLinks(): void {
    if (!this.#own) return;
    const found = selectCallPeers(this.#own, this.#others);
    const wanted = typeof found === "string" ? [] : found;
    for (const peer of this.#links.keys()) if (!wanted.includes(peer)) this.#removeLink(peer);
    for (const peer of wanted) if (!this.#links.has(peer)) this.#addLink(this.#own.peer, peer);
    this.store.patch({ noCallReason: typeof found === "string" ? found : null });
  }

  #removeLink(peer: string): void {
    this.#links.get(peer)?.close();
    this.#links.delete(peer);
    const { [peer]: _, ...remotes } = this.store.get().remotes;
    this.store.patch({ remotes });
  }

  #addLink(own: string, peer: string): void {
    const link = new PeerLink(own, peer, this.#configuration(), this.#tracks(), {
      send: (data) => this.session.send({ type: "signal", to: peer, data: { ...data } }),
      onState: (state) => this.#patchRemote(peer, { state }),
      onTracks: (tracks) => this.#patchRemote(peer, { tracks }),
      onVideoStep: (videoStep, videoPaused) => this.#patchRemote(peer, { videoStep, videoPaused }),
    });
    this.#links.set(peer, link);
  }

  #configuration(): RTCConfiguration {
    const configuration: RTCConfiguration = { iceServers: this.session.iceServers };
    if (isRelayOnly()) configuration.iceTransportPolicy = "relay";
    return configuration;
  }

  #patchRemote(peer: string, part: Partial<RemotePeer>): void {
    const { remotes } = this.store.get();
    const old = remotes[peer] ?? NEW_REMOTE;
    this.store.patch({ remotes: { ...remotes, [peer]: { ...old, ...part } } });
  }

  #closeAll(): void {
    for (const link of this.#links.values()) link.close();
    this.#links.clear();
    this.store.patch({ remotes: {} });
  }

  #tracks(): Tracks {
    const { camera, microphone, screen } = this.local.store.get();
    return { camera, microphone, screen };
  }

  #onLocalChange(): void {
    const tracks = this.#tracks();
    for (const link of this.#links.values()) link.setTracks(tracks);
    this.#sendMedia();
  }

  #sendMedia(): void {
    const media = mediaOf(this.local.store.get());
    if (!isSameMedia(media, this.#sentMedia) && this.session.send({ type: "media", ...media }))
      this.#sentMedia = media;
  }

  async #measure(): Promise<void> {
    const links = await Promise.all([...this.#links.values()].map((link) => link.measure()));
    const quality = summariseQuality(links.filter((link) => link !== null));
    if (quality) this.session.send({ type: "quality", ...quality });
  }
}

/** What the others are told about our devices. */
export function mediaOf(local: LocalState): MediaState {
  const { camera, microphone, screen, muted, interrupted } = local;
  return {
    camera: camera !== null && !interrupted.camera,
    microphone: microphone !== null && !muted && !interrupted.microphone,
    screen: screen !== null,
    away:
      (camera !== null && interrupted.camera) || (microphone !== null && interrupted.microphone),
  };
}

function isSameMedia(one: MediaState, other: MediaState | null): boolean {
  return (["camera", "microphone", "screen", "away"] as const).every(
    (key) => one[key] === other?.[key],
  );
}

interface NetworkInformation extends EventTarget {
  /** "wifi", "cellular" and so on; set on mobile devices only. */
  type?: string;
}

/** The Network Information API is not in every browser, so TypeScript's DOM types lack it. */
function networkInformation(browser: Navigator): NetworkInformation | undefined {
  return (browser as Navigator & { connection?: NetworkInformation }).connection;
}
