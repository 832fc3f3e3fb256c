import { useEffect, useRef, useState } from "react";
import { gettext, interpolate } from "../../shared/gettext";
import type { Peer } from "../protocol";
import type { RoomSession } from "../state/session";
import { playChime } from "./chime";
import { Button, ProblemNotice } from "./components";
import { useOtherPeople, useRoom, useSession } from "./context";
import { DeviceNotices } from "./device-notices";
import { Icon } from "./icons";
import { problemText } from "./problem-text";

const EVENT_DURATION_MS = 6000;

/** Announces recent events once. */
function useEventText(): string {
  const { session } = useRoom();
  const [text, setText] = useState("");
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout>;
    const known = new Map(session.store.get().peers.map((peer) => [peer.peer, peer]));
    const show = (message: string) => {
      setText(message);
      clearTimeout(timer);
      timer = setTimeout(() => setText(""), EVENT_DURATION_MS);
    };
    const stop = session.onMessage((message) => {
      if (message.type === "muted") show(gettext("The tutor turned your microphone off."));
      else if (message.type === "peer.joined") {
        known.set(message.peer.peer, message.peer);
        if (isOnlyTab(session, message.peer)) {
          show(interpolate(gettext("%(name)s joined"), { name: message.peer.name }));
        }
      } else if (message.type === "peer.left") {
        const gone = known.get(message.peer);
        known.delete(message.peer);
        if (gone && isOnlyTab(session, gone)) {
          show(interpolate(gettext("%(name)s left"), { name: gone.name }));
        }
      }
    });
    return () => {
      clearTimeout(timer);
      stop();
    };
  }, [session]);
  return text;
}

function isOnlyTab(session: RoomSession, { peer, person }: Peer): boolean {
  const { peers, you } = session.store.get();
  const tabs = [...peers, ...(you ? [you] : [])].filter((one) => one.person === person);
  return tabs.every((one) => one.peer === peer);
}

/** Tells the tutor whose hand is up until it goes down, with a sound when one goes up. */
function RaisedHands() {
  const { you } = useSession();
  const others = useOtherPeople();
  const raised = you?.role === "tutor" ? others.filter(({ hand }) => hand) : [];
  const count = useRef(raised.length);
  useEffect(() => {
    if (raised.length > count.current) playChime();
    count.current = raised.length;
  }, [raised.length]);
  if (!raised.length) return null;
  const names = raised.map(({ name }) => name).join(", ");
  return (
    <p className="notice">
      <Icon name="hand" />
      {interpolate(gettext("Hand raised: %(names)s"), { names })}
    </p>
  );
}

export function Notices({ onLobby }: { onLobby: () => void }) {
  const { session } = useRoom();
  const { link, lobby, you, problem, notSavedSince } = useSession();
  const eventText = useEventText();
  const names = lobby.map((person) => person.name).join(", ");
  const admit = () => {
    for (const { person } of lobby) session.send({ type: "lobby.admit", person });
  };
  return (
    <div className="room-notices">
      <div role="status">
        {link === "lost" && (
          <p className="notice error">{gettext("Connection lost. Trying again…")}</p>
        )}
        {notSavedSince && (
          <p className="notice error">
            {gettext(
              "Drawings are not being saved right now. Keep this page open: they will be saved as soon as the server recovers.",
            )}
          </p>
        )}
        <DeviceNotices />
        {eventText && <p className="notice">{eventText}</p>}
        <RaisedHands />
        {you?.role === "tutor" && names && (
          <div className="notice">
            <span>{interpolate(gettext("Waiting to join: %(names)s"), { names })}</span>
            {lobby.length === 1 && (
              <Button variant="primary" onClick={admit}>
                {gettext("Admit")}
              </Button>
            )}
            <Button onClick={onLobby}>{gettext("People")}</Button>
          </div>
        )}
      </div>
      {problem && (
        <ProblemNotice text={problemText(problem)} onDismiss={() => session.dismissProblem()} />
      )}
    </div>
  );
}
