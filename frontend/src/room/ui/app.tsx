import { useEffect, useState } from "react";
import { gettext } from "../../shared/gettext";
import { Call } from "../call/call";
import { LocalMedia } from "../call/local-media";
import type { Config } from "../config";
import { loadSetup, type SavedSetup, saveSetup } from "../saved-setup";
import { RoomSession } from "../state/session";
import { ConfigContext, type Room, RoomContext, useSession } from "./context";
import { GreenRoom } from "./green-room";
import { RoomView } from "./room-view";
import { EndedScreen, RefusedScreen, WaitingScreen } from "./status-screens";

function enterRoom(config: Config, local: LocalMedia, name: string): Room {
  const session = new RoomSession(config, name);
  const room = { session, local, call: new Call(session, local) };
  comeIn(room);
  return room;
}

function comeIn({ call, session }: Room): void {
  call.start();
  session.start();
}

/** Leaves the session once the lesson has ended, so that attendance stops counting. */
function leaveRoom({ call, session }: Room): void {
  call.stop();
  session.stop();
}

/** Saves the chosen name and devices for a reload during the lesson. */
function keepSetupSaved(config: Config, local: LocalMedia, name: string): () => void {
  const keep = () => {
    const { camera, microphone, muted, choice } = local.store.get();
    const wanted = { camera: camera !== null, microphone: microphone !== null && !muted };
    saveSetup(config.sessionUuid, { name, choice, ...wanted });
  };
  keep();
  return local.store.subscribe(keep);
}

function Inside({ room }: { room: Room }) {
  const { you, refused, ended } = useSession();
  const [stayed, setStayed] = useState(false);
  const over = ended && !stayed;
  const gone = refused !== null || over;
  useEffect(() => {
    if (gone) leaveRoom(room);
  }, [gone, room]);

  // Check `ended` first: the server then closes the sockets, which is not a refusal to report.
  if (over) {
    const stay = () => {
      setStayed(true);
      comeIn(room);
    };
    return <EndedScreen guest={you?.role === "guest"} onStay={stay} />;
  }
  if (refused !== null) return <RefusedScreen why={refused} />;
  if (!you) return <p className="room-loading">{gettext("Opening the room…")}</p>;
  return you.state === "waiting" ? <WaitingScreen /> : <RoomView />;
}

async function openAgain(local: LocalMedia, setup: SavedSetup): Promise<void> {
  if (setup.microphone) await local.open("microphone");
  else local.store.patch({ muted: true });
  if (setup.camera) await local.open("camera");
}

export function App({ config }: { config: Config }) {
  const [setup] = useState(() => loadSetup(config.sessionUuid));
  const [local] = useState(
    () => new LocalMedia(setup?.choice ?? { camera: null, microphone: null }),
  );
  const [room, setRoom] = useState<Room | null>(null);

  const enter = (name: string) => {
    keepSetupSaved(config, local, name);
    setRoom(enterRoom(config, local, name));
  };
  // biome-ignore lint/correctness/useExhaustiveDependencies: once, as the page opens.
  useEffect(() => {
    if (!setup || !cameBack()) return;
    void openAgain(local, setup);
    enter(setup.name);
  }, []);

  return (
    <ConfigContext value={config}>
      {room ? (
        <RoomContext value={room}>
          <Inside room={room} />
        </RoomContext>
      ) : (
        <GreenRoom local={local} name={setup?.name ?? config.user?.name ?? ""} onEnter={enter} />
      )}
    </ConfigContext>
  );
}

/** A reload returns to the room directly; opening the link again shows the green room. */
function cameBack(): boolean {
  const [entry] = performance.getEntriesByType("navigation");
  return (entry as PerformanceNavigationTiming | undefined)?.type === "reload";
}
