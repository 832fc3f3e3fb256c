/** Types of a `Board`: its options, its state, and the data that its replacement takes over. */
import type { Request } from "../../shared/api";
import type { Refusal } from "../net/reconnecting-web-socket";
import type { Following } from "./follow";
import type { PendingUpload } from "./images/image-store";
import type { Page } from "./pages";
import type { ToolState } from "./tool-state";
import type { UndoHistory } from "./undo-history";
import type { UnsentChanges } from "./unsent-changes";
import type { View } from "./view";

export interface BoardState {
  pages: readonly Page[];
  page: string;
  following: Following;
  problem: string | null;
}

/** Data of a board that its replacement in this tab takes over. */
export interface BoardHandover {
  /** Whether the server has refused a change of what the tutor had locked. */
  afterLock: boolean;
  /** Changes that the server has not confirmed, to be repeated once the board is synced. */
  unsent: UnsentChanges | null;
  /** Images that are being uploaded. */
  uploads: ReadonlyMap<string, PendingUpload>;
  page: string;
  following: Following;
  views: Map<string, View>;
  undo: UndoHistory;
  tools: ToolState;
}

export interface BoardOptions {
  me: { name: string; person: string; role: string };
  request: Request;
  /** Base URL of the API paths under `files/`. */
  root: string;
  getAddress(): Promise<string>;
  onRefused(reason: Refusal): void;
  isDark(): boolean;
  previous: BoardHandover | null;
  /** The initial choice of following the tutor. */
  following: Following;
}
