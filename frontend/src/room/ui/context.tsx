import { createContext, useContext, useMemo, useSyncExternalStore } from "react";
import type { Board } from "../board/board";
import { isPageLocked } from "../board/locks";
import type { Call } from "../call/call";
import type { LocalMedia } from "../call/local-media";
import type { Config } from "../config";
import type { BoardRules, Peer } from "../protocol";
import { otherPeople } from "../state/peers";
import type { RoomSession, SessionState } from "../state/session";
import type { Store } from "../state/store";

export interface Room {
  session: RoomSession;
  local: LocalMedia;
  call: Call;
}

export const ConfigContext = createContext<Config | null>(null);
export const RoomContext = createContext<Room | null>(null);

export function useConfig(): Config {
  const config = useContext(ConfigContext);
  if (!config) throw new Error("outside of ConfigContext");
  return config;
}

export function useStore<S>(store: Store<S>): S {
  return useSyncExternalStore(store.subscribe, store.get);
}

export function useRoom(): Room {
  const room = useContext(RoomContext);
  if (!room) throw new Error("outside of RoomContext");
  return room;
}

export function useSession(): SessionState {
  return useStore(useRoom().session.store);
}

/** The other people in the room, each once. */
export function useOtherPeople(): Peer[] {
  const { peers, you } = useSession();
  return useMemo(() => otherPeople(peers, you), [peers, you]);
}

/** The rules that the tutor has made for this person; null for the tutor. */
export function useBoardRules(): BoardRules | null {
  const { room, you } = useSession();
  return you?.role === "tutor" ? null : (room?.board ?? null);
}

/** Whether this person can only look at the page that is shown. */
export function useIsPageLocked(board: Board): boolean {
  const { page } = useStore(board.store);
  return isPageLocked(useBoardRules(), page);
}
