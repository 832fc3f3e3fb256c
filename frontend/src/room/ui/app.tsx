import { lazy, Suspense, useEffect, useState } from "react";
import { gettext } from "../../shared/gettext";
import { Call } from "../call/call";
import { loadDeviceChoice } from "../call/device-choice";
import { LocalMedia } from "../call/local-media";
import type { Config } from "../config";
import { loadSetup, type SavedSetup, saveSetup } from "../saved-setup";
import { RoomSession } from "../state/session";
import { ConfigContext, type Room, RoomContext, useSession } from "./context";
import { PreJoin } from "./pre-join";
import { RoomView } from "./room-view";
import { EndedScreen, RefusedScreen, WaitingScreen } from "./status-screens";

function enterRoom(config: Config, local: LocalMedia, name: string): Room {
  const session = new RoomSession(config, name);
  const room = { session, local, call: new Call(session, local) };
  startRoom(room);
  return room;
}

function startRoom({ call, session }: Room): void {
  call.start();
  session.start();
}

/** Leaves the session once the lesson has ended, so that attendance stops counting. */
function leaveRoom({ call, session }: Room): void {
  call.stop();
  session.stop();
}

/** Saves the name and which devices are on for a reload during the lesson. */
function saveSetupOnChange(config: Config, local: LocalMedia, name: string): () => void {
  const save = () => {
    const { camera, microphone, muted, lost } = local.store.get();
    const wanted = {
      camera: camera !== null || lost.camera,
      microphone: (microphone !== null || lost.microphone) && !muted,
    };
    saveSetup(config.sessionUuid, { name, ...wanted });
  };
  save();
  return local.store.subscribe(save);
}

/** How long opening the room may take before it is explained what may be in the way. */
const OPENING_MS = 10_000;
const BlockedScreen = lazy(() => import("./blocked-screen"));

function OpeningScreen() {
  const [late, setLate] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setLate(true), OPENING_MS);
    return () => clearTimeout(timer);
  }, []);
  const opening = <p className="room-loading">{gettext("Opening the room…")}</p>;
  return late ? (
    <Suspense fallback={opening}>
      <BlockedScreen />
    </Suspense>
  ) : (
    opening
  );
}

function RoomScreens({ room }: { room: Room }) {
  const { you, refused, ended } = useSession();
  const [isStaying, setStaying] = useState(false);
  const hasEnded = ended && !isStaying;
  const hasLeft = refused !== null || hasEnded;
  useEffect(() => {
    if (hasLeft) leaveRoom(room);
  }, [hasLeft, room]);

  // Check `ended` first: the server then closes the sockets, which is not a refusal to report.
  if (hasEnded) {
    const stay = () => {
      setStaying(true);
      startRoom(room);
    };
    return <EndedScreen guest={you?.role === "guest"} onStay={stay} />;
  }
  if (refused !== null) return <RefusedScreen reason={refused} />;
  if (!you) return <OpeningScreen />;
  return you.state === "waiting" ? <WaitingScreen /> : <RoomView />;
}

async function reopenDevices(local: LocalMedia, setup: SavedSetup): Promise<void> {
  if (setup.microphone) await local.open("microphone");
  else local.store.patch({ muted: true });
  if (setup.camera) await local.open("camera");
}

export function App({ config }: { config: Config }) {
  const [setup] = useState(() => loadSetup(config.sessionUuid));
  const [local] = useState(() => new LocalMedia(loadDeviceChoice()));
  const [room, setRoom] = useState<Room | null>(null);

  const enter = (name: string) => {
    saveSetupOnChange(config, local, name);
    setRoom(enterRoom(config, local, name));
  };
  useEffect(() => local.watch(), [local]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: runs once, on mount.
  useEffect(() => {
    if (!setup || !isReload()) return;
    void reopenDevices(local, setup);
    enter(setup.name);
  }, []);

  return (
    <ConfigContext value={config}>
      {room ? (
        <RoomContext value={room}>
          <RoomScreens room={room} />
        </RoomContext>
      ) : (
        <PreJoin local={local} name={setup?.name ?? config.user?.name ?? ""} onEnter={enter} />
      )}
    </ConfigContext>
  );
}

/** A reload returns to the room directly; opening the link again shows the pre-join screen. */
function isReload(): boolean {
  const [entry] = performance.getEntriesByType("navigation");
  return (entry as PerformanceNavigationTiming | undefined)?.type === "reload";
}
