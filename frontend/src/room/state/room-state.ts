import type {
  BoardSize,
  ChatMessage,
  Peer,
  Quality,
  RoomInfo,
  ServerMessage,
  Waiting,
  You,
} from "../protocol";

export interface RoomState {
  you: You | null;
  room: RoomInfo | null;
  peers: readonly Peer[];
  lobby: readonly Waiting[];
  chat: readonly ChatMessage[];
  quality: Readonly<Record<string, Quality>>;
  /** The server's clock minus ours, in ms. */
  clockOffset: number;
  ended: boolean;
  /** Since when the server has been unable to store the board; null while it can. */
  notSavedSince: string | null;
  boardLevel: BoardSize["level"];
}

export const INITIAL_STATE: RoomState = {
  you: null,
  room: null,
  peers: [],
  lobby: [],
  chat: [],
  quality: {},
  clockOffset: 0,
  ended: false,
  notSavedSince: null,
  boardLevel: "ok",
};

function withPeer(peers: readonly Peer[], peer: Peer): readonly Peer[] {
  const known = peers.some((other) => other.peer === peer.peer);
  return known ? peers.map((other) => (other.peer === peer.peer ? peer : other)) : [...peers, peer];
}

function withMessage(chat: readonly ChatMessage[], message: ChatMessage): readonly ChatMessage[] {
  return chat.some((other) => other.id === message.id) ? chat : [...chat, message];
}

function withRoom(state: RoomState, part: Partial<RoomInfo>): RoomState {
  return { ...state, room: state.room && { ...state.room, ...part } };
}

function withoutPeer(state: RoomState, peer: string): RoomState {
  const { [peer]: _, ...quality } = state.quality;
  return { ...state, peers: state.peers.filter((other) => other.peer !== peer), quality };
}

/** The room state after `message`, received at `now` (ms of the local clock). */
export function reduce(state: RoomState, message: ServerMessage, now: number): RoomState {
  switch (message.type) {
    case "welcome":
      return {
        ...state,
        you: message.you,
        room: message.room,
        peers: message.peers.filter((peer) => peer.peer !== message.you.peer),
        lobby: message.lobby,
        chat: message.chat,
        quality: {},
        clockOffset: Date.parse(message.room.now) - now,
        notSavedSince: null,
        boardLevel: "ok",
      };
    case "peer.joined":
    case "peer.changed":
      if (message.peer.peer === state.you?.peer) return state;
      return { ...state, peers: withPeer(state.peers, message.peer) };
    case "peer.left":
      return withoutPeer(state, message.peer);
    case "lobby":
      return withRoom({ ...state, lobby: message.waiting }, { lobby_enabled: message.enabled });
    case "chat":
      return { ...state, chat: withMessage(state.chat, message.message) };
    case "quality": {
      const { peer, level, rtt_ms, loss } = message;
      return { ...state, quality: { ...state.quality, [peer]: { level, rtt_ms, loss } } };
    }
    case "board.rules":
      return withRoom(state, { board: message.rules });
    case "timer":
      return withRoom(state, { timer_ends_at: message.ends_at });
    case "saving":
      return { ...state, notSavedSince: message.ok ? null : message.since };
    case "board.size":
      return { ...state, boardLevel: message.level };
    case "ended":
      return { ...state, ended: true };
    default:
      return state;
  }
}
