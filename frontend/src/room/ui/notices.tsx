import { useEffect, useState } from "react";
import type { MessageKey } from "../messages";
import type { Peer } from "../protocol";
import type { RoomSession } from "../state/session";
import { useRoom, useSession, useWords } from "./context";
import { Button } from "./parts";

const SHOWN_FOR = 6000;

const PROBLEMS: Readonly<Record<string, MessageKey>> = {
  service_unavailable: "notStored",
  storage_full: "storageFull",
};

/** What happened a moment ago, said once. */
function usePassing(): string {
  const { session } = useRoom();
  const t = useWords();
  const [text, setText] = useState("");
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout>;
    const known = new Map(session.store.get().peers.map((peer) => [peer.peer, peer]));
    const say = (words: string) => {
      setText(words);
      clearTimeout(timer);
      timer = setTimeout(() => setText(""), SHOWN_FOR);
    };
    const stop = session.hear((message) => {
      if (message.type === "muted") say(t("mutedByTutor"));
      else if (message.type === "peer.joined") {
        known.set(message.peer.peer, message.peer);
        if (isOnlyTab(session, message.peer)) say(t("joined", { name: message.peer.name }));
      } else if (message.type === "peer.left") {
        const gone = known.get(message.peer);
        known.delete(message.peer);
        if (gone && isOnlyTab(session, gone)) say(t("left", { name: gone.name }));
      }
    });
    return () => {
      clearTimeout(timer);
      stop();
    };
  }, [session, t]);
  return text;
}

function isOnlyTab(session: RoomSession, { peer, person }: Peer): boolean {
  const { peers, you } = session.store.get();
  const tabs = [...peers, ...(you ? [you] : [])].filter((one) => one.person === person);
  return tabs.every((one) => one.peer === peer);
}

export function Notices({ onLobby }: { onLobby: () => void }) {
  const { session } = useRoom();
  const { link, lobby, you, problem, notSavedSince } = useSession();
  const known = problem && PROBLEMS[problem.code];
  const t = useWords();
  const passing = usePassing();
  const names = lobby.map((person) => person.name).join(", ");
  const admit = () => {
    for (const { person } of lobby) session.send({ type: "lobby.admit", person });
  };
  return (
    <div className="room-notices">
      <div role="status">
        {link === "lost" && <p className="room-notice warn">{t("connectionLost")}</p>}
        {notSavedSince && <p className="room-notice bad">{t("notSaved")}</p>}
        {passing && <p className="room-notice">{passing}</p>}
        {you?.role === "tutor" && names && (
          <div className="room-notice">
            <span>{t("lobbyWaiting", { names })}</span>
            {lobby.length === 1 && (
              <Button look="primary" onClick={admit}>
                {t("admit")}
              </Button>
            )}
            <Button onClick={onLobby}>{t("people")}</Button>
          </div>
        )}
      </div>
      {problem && (
        <div className="room-notice bad" role="alert">
          <span>{known ? t(known) : problem.detail}</span>
          <Button
            icon="close"
            look="quiet"
            label={t("dismiss")}
            onClick={() => session.forgetProblem()}
          />
        </div>
      )}
    </div>
  );
}
