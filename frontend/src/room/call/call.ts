import { relayOnly } from "../config";
import type { Media, ServerMessage } from "../protocol";
import type { RoomSession } from "../state/session";
import { Store } from "../state/store";
import type { LocalMedia } from "./local-media";
import { type Member, partners } from "./negotiation";
import { type LinkState, PeerLink, type Tracks } from "./peer-link";
import { ownLine } from "./quality";

const MEASURE_EVERY = 2000;

export interface Remote {
  tracks: Tracks | null;
  state: LinkState;
  /** How far our picture was lowered for them, for the sake of the sound. */
  step: number;
  /** Whether theirs is paused for the same reason. */
  paused: boolean;
}

export interface CallState {
  remotes: Readonly<Record<string, Remote>>;
  /** Why there is no call here: four others talk, or another tab of ours has it. */
  without: "full" | "elsewhere" | null;
}

const NOBODY: CallState = { remotes: {}, without: null };
const NEW_REMOTE: Remote = { tracks: null, state: "connecting", step: 0, paused: false };

/** Everybody's media: a link to each of up to three others. */
export class Call {
  readonly store = new Store<CallState>(NOBODY);
  #links = new Map<string, PeerLink>();
  #own: Member | null = null;
  #others: readonly Member[] = [];
  #sent: Media | null = null;
  #network = connectionOf(navigator)?.type;
  #timer: ReturnType<typeof setInterval> | undefined;
  #undo: (() => void)[] = [];

  constructor(
    private readonly session: RoomSession,
    private readonly local: LocalMedia,
  ) {}

  start(): void {
    this.#undo.push(this.session.onMessage((message) => this.#onMessage(message)));
    this.#undo.push(this.local.store.subscribe(() => this.#localChanged()));
    this.#timer = setInterval(() => void this.#measure(), MEASURE_EVERY);
    addEventListener("online", this.#restart);
    connectionOf(navigator)?.addEventListener("change", this.#networkChanged);
  }

  stop(): void {
    clearInterval(this.#timer);
    removeEventListener("online", this.#restart);
    connectionOf(navigator)?.removeEventListener("change", this.#networkChanged);
    for (const undo of this.#undo.splice(0)) undo();
    this.#closeAll();
    this.local.stop();
  }

  readonly #restart = (): void => {
    for (const link of this.#links.values()) link.restart();
  };

  /** Told of each new estimate of the line's speed as well, which is no other network. */
  readonly #networkChanged = (): void => {
    const type = connectionOf(navigator)?.type;
    if (type !== this.#network) this.#restart();
    this.#network = type;
  };

  #onMessage(message: ServerMessage): void {
    if (message.type === "welcome" && message.you.state === "in") {
      // Another connection is another peer to the others, who have closed the old links too.
      this.#closeAll();
      this.#own = message.you;
      this.#others = message.peers.filter(({ peer }) => peer !== message.you.peer);
      this.#sent = null;
      this.#tellMedia();
      this.#linkUp();
    } else if (message.type === "peer.joined") {
      const { peer } = message.peer;
      if (peer === this.#own?.peer || this.#others.some((other) => other.peer === peer)) return;
      this.#others = [...this.#others, message.peer];
      this.#linkUp();
    } else if (message.type === "peer.left") {
      this.#others = this.#others.filter(({ peer }) => peer !== message.peer);
      this.#linkUp();
    } else if (message.type === "ice") {
      for (const link of this.#links.values()) link.configure(this.#configuration());
    } else if (message.type === "signal") this.#links.get(message.from)?.signal(message.data);
    else if (message.type === "muted") void this.local.setMicrophone(false);
  }

  #linkUp(): void {
    if (!this.#own) return;
    const found = partners(this.#own, this.#others);
    const wanted = typeof found === "string" ? [] : found;
    for (const peer of this.#links.keys()) if (!wanted.includes(peer)) this.#unlink(peer);
    for (const peer of wanted) if (!this.#links.has(peer)) this.#link(this.#own.peer, peer);
    this.store.patch({ without: typeof found === "string" ? found : null });
  }

  #unlink(peer: string): void {
    this.#links.get(peer)?.close();
    this.#links.delete(peer);
    const { [peer]: _, ...remotes } = this.store.get().remotes;
    this.store.patch({ remotes });
  }

  #link(own: string, peer: string): void {
    const link = new PeerLink(own, peer, this.#configuration(), this.#tracks(), {
      send: (data) => this.session.send({ type: "signal", to: peer, data: { ...data } }),
      state: (state) => this.#patchRemote(peer, { state }),
      remote: (tracks) => this.#patchRemote(peer, { tracks }),
      pictures: (step, paused) => this.#patchRemote(peer, { step, paused }),
    });
    this.#links.set(peer, link);
  }

  #configuration(): RTCConfiguration {
    const configuration: RTCConfiguration = { iceServers: this.session.iceServers };
    if (relayOnly()) configuration.iceTransportPolicy = "relay";
    return configuration;
  }

  #patchRemote(peer: string, part: Partial<Remote>): void {
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

  #localChanged(): void {
    const tracks = this.#tracks();
    for (const link of this.#links.values()) link.setTracks(tracks);
    this.#tellMedia();
  }

  #tellMedia(): void {
    const { camera, microphone, screen, muted } = this.local.store.get();
    const media: Media = {
      camera: camera !== null,
      microphone: microphone !== null && !muted,
      screen: screen !== null,
    };
    const same =
      this.#sent?.camera === media.camera &&
      this.#sent.microphone === media.microphone &&
      this.#sent.screen === media.screen;
    if (!same && this.session.send({ type: "media", ...media })) this.#sent = media;
  }

  async #measure(): Promise<void> {
    const links = await Promise.all([...this.#links.values()].map((link) => link.measure()));
    const quality = ownLine(links.filter((link) => link !== null));
    if (quality) this.session.send({ type: "quality", ...quality });
  }
}

interface NetworkInformation extends EventTarget {
  /** "wifi", "cellular" and so on; only phones tell. */
  type?: string;
}

/** Not in every browser, and so not in TypeScript's list. */
function connectionOf(browser: Navigator): NetworkInformation | undefined {
  return (browser as Navigator & { connection?: NetworkInformation }).connection;
}
