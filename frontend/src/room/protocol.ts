/**
 * Types of the events socket's messages and the close codes, as on the server. docs/protocol.md
 * specifies them, and tests/test_room_protocol.py checks that all three agree.
 */

export type Role = "tutor" | "student" | "guest";
export type QualityLevel = "good" | "fair" | "poor";

export interface MediaState {
  camera: boolean;
  microphone: boolean;
  screen: boolean;
  /** Whether a phone call or another app has taken the camera or microphone for a while. */
  away?: boolean;
}

/** One connection. A person with two tabs has two peers, and the later one is in the call. */
export interface Peer {
  peer: string;
  person: string;
  name: string;
  role: Role;
  since: string;
  hand: boolean;
  media: MediaState;
}

export interface Waiting {
  person: string;
  name: string;
}

export interface ChatMessage {
  id: string;
  person: string;
  name: string;
  role: Role;
  text: string;
  sent_at: string;
}

export interface You {
  peer: string;
  person: string;
  name: string;
  role: Role;
  since: string;
  state: "in" | "waiting";
}

/** Changes that students and guests may make on the board. */
export type Drawing = "free" | "own" | "new" | "none";

export interface BoardRules {
  drawing: Drawing;
  locked_pages: string[];
  /** With `new`: the clocks, by Yjs client id, before which everything is locked. */
  locked_until: [client: number, clock: number][];
  /** With `own`: the Yjs client ids under which this person has drawn. */
  clients: number[];
}

export interface RoomInfo {
  lesson_id: number;
  lobby_enabled: boolean;
  board: BoardRules;
  timer_ends_at: string | null;
  /** The server's clock, so that the timer is the same on every client. */
  now: string;
}

export interface Quality {
  level: QualityLevel;
  rtt_ms: number | null;
  loss: number | null;
}

/** Size of the board in bytes when it was last measured. */
export interface BoardSize {
  used: number;
  limit: number;
  /** `storage_full`: all boards and pictures of the tutor together. */
  level: "ok" | "nearly_full" | "full" | "storage_full";
}

export interface Welcome {
  type: "welcome";
  v: number;
  you: You;
  room: RoomInfo;
  peers: Peer[];
  lobby: Waiting[];
  chat: ChatMessage[];
  ice_servers: RTCIceServer[];
}

export type ServerMessage =
  | Welcome
  | { type: "peer.joined"; peer: Peer }
  | { type: "peer.changed"; peer: Peer }
  | { type: "peer.left"; peer: string }
  | { type: "lobby"; waiting: Waiting[]; enabled: boolean }
  | { type: "chat"; message: ChatMessage }
  | { type: "signal"; from: string; data: Record<string, unknown> }
  | { type: "muted" }
  | ({ type: "quality"; peer: string } & Quality)
  | { type: "board.rules"; rules: BoardRules }
  | { type: "timer"; ends_at: string | null }
  | { type: "ended" }
  | { type: "ice"; ice_servers: RTCIceServer[] }
  | { type: "saving"; ok: boolean; since: string | null }
  | ({ type: "board.size" } & BoardSize)
  | { type: "pong" }
  | { type: "error"; code: string; detail: string; ref: string | null };

export type ClientMessage =
  | { type: "chat.send"; id: string; text: string }
  | { type: "hand"; raised: boolean }
  | ({ type: "media" } & MediaState)
  | { type: "signal"; to: string; data: Record<string, unknown> }
  | ({ type: "quality" } & Quality)
  | { type: "lobby.admit"; person: string }
  | { type: "lobby.deny"; person: string }
  | { type: "lobby.set"; enabled: boolean }
  | { type: "board.drawing"; drawing: Drawing }
  | { type: "page.lock"; page: string; locked: boolean }
  | { type: "mute"; peer: string }
  | { type: "remove"; person: string }
  | { type: "timer.set"; seconds: number }
  | { type: "end" }
  | { type: "ping" };

/** The compiler checks the keys against the unions above; tests/test_room_protocol.py compares them with the server. */
const serverTypes: Record<ServerMessage["type"], true> = {
  welcome: true,
  "peer.joined": true,
  "peer.changed": true,
  "peer.left": true,
  lobby: true,
  chat: true,
  signal: true,
  muted: true,
  quality: true,
  "board.rules": true,
  timer: true,
  ended: true,
  ice: true,
  saving: true,
  "board.size": true,
  pong: true,
  error: true,
};
export const clientTypes: Record<ClientMessage["type"], true> = {
  "chat.send": true,
  hand: true,
  media: true,
  signal: true,
  quality: true,
  "lobby.admit": true,
  "lobby.deny": true,
  "lobby.set": true,
  "board.drawing": true,
  "page.lock": true,
  mute: true,
  remove: true,
  "timer.set": true,
  end: true,
  ping: true,
};

export const CLOSE_CODES = {
  malformed: 4400,
  ticket: 4401,
  forbidden: 4403,
  noRoom: 4404,
  slow: 4408,
  cancelled: 4409,
  invite: 4410,
  outdated: 4412,
  tooLarge: 4413,
  locked: 4414,
  waiting: 4423,
  flood: 4429,
  unavailable: 4503,
  restarting: 1012,
} as const;

const FINAL_CLOSE_CODES: readonly number[] = [
  CLOSE_CODES.malformed,
  CLOSE_CODES.forbidden,
  CLOSE_CODES.noRoom,
  CLOSE_CODES.cancelled,
  CLOSE_CODES.invite,
  CLOSE_CODES.outdated,
  CLOSE_CODES.locked,
  CLOSE_CODES.tooLarge,
];

/** Close codes after which the client must not reconnect. */
export function isFinal(code: number): boolean {
  return FINAL_CLOSE_CODES.includes(code);
}

export const MAX_CHAT_LENGTH = 4000;
/** Maximum frame size of the board socket, in bytes. */
export const MAX_BOARD_FRAME_BYTES = 1024 * 1024;

/** Parses a server message; null for an unknown type, which a newer server may send. */
export function parseServerMessage(text: string): ServerMessage | null {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return null;
  }
  if (typeof value !== "object" || value === null || !("type" in value)) return null;
  return Object.hasOwn(serverTypes, String(value.type)) ? (value as ServerMessage) : null;
}
