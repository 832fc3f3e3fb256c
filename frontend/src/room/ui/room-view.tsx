import { lazy, Suspense, useEffect, useRef, useState } from "react";
import { gettext } from "../../shared/gettext";
import type { Peer } from "../protocol";
import { BoardBoundary } from "./board-boundary";
import { useConfig, useRoom, useSession, useStore } from "./context";
import { Controls } from "./controls";
import { Notices } from "./notices";
import { SharedScreen } from "./shared-screen";
import { SidePanel, type Tab } from "./side-panel";
import { Timer } from "./timer";
import { VideoTiles } from "./video-tiles";

/** Excalidraw is most of the bundle, so it is loaded lazily after the pre-join screen. */
function LazyBoard() {
  // A new lazy component for each attempt, because React caches a failed import.
  const [BoardView] = useState(() => lazy(() => import("./board-view")));
  return (
    <Suspense fallback={<p className="room-loading">{gettext("Opening the board…")}</p>}>
      <BoardView />
    </Suspense>
  );
}

const NARROW_QUERY = "(max-width: 48rem)";

/** The local user as a Peer, since the server's list contains only the others. */
function useOwnPeer(hand: boolean): Peer | null {
  const { local } = useRoom();
  const { you } = useSession();
  const { camera, microphone, screen, muted } = useStore(local.store);
  if (!you) return null;
  const media = {
    camera: camera !== null,
    microphone: microphone !== null && !muted,
    screen: screen !== null,
  };
  return { ...you, hand, media };
}

/** A raised hand belongs to one connection, so it is sent again after a reconnect. */
function useHand(): [boolean, () => void] {
  const { session } = useRoom();
  const { you, peers } = useSession();
  const { peer, person } = you ?? {};
  const [hand, setHand] = useState(() => peers.some((tab) => tab.person === person && tab.hand));
  useEffect(() => {
    const up = new Set<string>();
    return session.onMessage((message) => {
      if (message.type !== "peer.changed" || message.peer.person !== person) return;
      const tab = message.peer;
      if (tab.hand !== up.has(tab.peer)) setHand(tab.hand);
      if (tab.hand) up.add(tab.peer);
      else up.delete(tab.peer);
    });
  }, [session, person]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: another peer is another connection.
  useEffect(() => {
    session.send({ type: "hand", raised: hand });
  }, [session, hand, peer]);
  return [hand, () => setHand(!hand)];
}

function useUnreadCount(reading: boolean): number {
  const { chat, you } = useSession();
  const seen = useRef<number | null>(null);
  const others = chat.filter((message) => message.person !== you?.person).length;
  if (seen.current === null || reading) seen.current = others;
  return Math.max(0, others - seen.current);
}

export function RoomView() {
  const config = useConfig();
  const { link, lobby } = useSession();
  const [hand, toggleHand] = useHand();
  const own = useOwnPeer(hand);
  const [panel, setPanel] = useState(() => !matchMedia(NARROW_QUERY).matches);
  const [tab, setTab] = useState<Tab>("chat");
  const unread = useUnreadCount(panel && tab === "chat");

  return (
    <div className={panel ? "room-view with-panel" : "room-view"} data-link={link}>
      <header className="room-head">
        <h1>{config.title}</h1>
        <Timer />
      </header>
      <Notices
        onLobby={() => {
          setPanel(true);
          setTab("people");
        }}
      />
      <section className="room-board" aria-label={gettext("Board")}>
        <BoardBoundary>{(attempt) => <LazyBoard key={attempt} />}</BoardBoundary>
        <SharedScreen />
      </section>
      <aside className="room-side" aria-label={gettext("Chat and people")}>
        <VideoTiles own={own} />
        {panel && <SidePanel own={own} tab={tab} onTab={setTab} />}
      </aside>
      <Controls
        hand={hand}
        onToggleHand={toggleHand}
        panelOpen={panel}
        unread={unread + (panel ? 0 : lobby.length)}
        onTogglePanel={() => setPanel(!panel)}
      />
    </div>
  );
}
