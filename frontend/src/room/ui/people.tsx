import { useState } from "react";
import type { MessageKey } from "../messages";
import type { Peer, Quality, QualityLevel } from "../protocol";
import { ROLE_WORDS } from "./chat";
import { useOthers, useRoom, useSession, useWords } from "./context";
import { Icon } from "./icons";
import { Button, Confirm } from "./parts";

const LEVEL_WORDS: Record<QualityLevel, MessageKey> = {
  good: "qualityGood",
  fair: "qualityFair",
  poor: "qualityPoor",
};

export function QualitySign({ quality }: { quality: Quality | undefined }) {
  const t = useWords();
  if (!quality) return null;
  const level = t(LEVEL_WORDS[quality.level]);
  const text =
    quality.rtt_ms === null
      ? level
      : t("qualityDetail", {
          level,
          rtt: quality.rtt_ms,
          loss: Math.round((quality.loss ?? 0) * 100),
        });
  return (
    <span className={`room-quality ${quality.level}`} role="img" aria-label={text} title={text}>
      <i />
      <i />
      <i />
    </span>
  );
}

function Lobby() {
  const { session } = useRoom();
  const { lobby, room } = useSession();
  const t = useWords();
  return (
    <section className="room-lobby" aria-label={t("lobby")}>
      <label className="room-switch">
        <input
          type="checkbox"
          checked={room?.lobby_enabled ?? true}
          onChange={(event) => session.send({ type: "lobby.set", enabled: event.target.checked })}
        />
        <span>{t("lobbySwitch")}</span>
      </label>
      {lobby.length > 0 && (
        <ul>
          {lobby.map(({ person, name }) => (
            <li key={person}>
              <span className="name">{name}</span>
              <Button
                look="primary"
                label={t("admitOf", { name })}
                onClick={() => session.send({ type: "lobby.admit", person })}
              >
                {t("admit")}
              </Button>
              <Button
                label={t("denyOf", { name })}
                onClick={() => session.send({ type: "lobby.deny", person })}
              >
                {t("deny")}
              </Button>
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}

function Row({ peer, own, onRemove }: { peer: Peer; own: boolean; onRemove: () => void }) {
  const { session } = useRoom();
  const { you, quality } = useSession();
  const t = useWords();
  const teaching = you?.role === "tutor" && !own;
  const { name } = peer;
  return (
    <li>
      <span className="name">
        {name}
        <i>{own ? t("you") : t(ROLE_WORDS[peer.role])}</i>
      </span>
      {peer.hand && (
        <span className="hand" role="img" aria-label={t("handRaised")}>
          <Icon name="hand" />
        </span>
      )}
      {!peer.media.microphone && (
        <span className="off" role="img" aria-label={t("microphoneIsOff")}>
          <Icon name="microphone-off" />
        </span>
      )}
      {you?.role === "tutor" && <QualitySign quality={quality[peer.peer]} />}
      {teaching && peer.media.microphone && (
        <Button
          icon="microphone"
          look="quiet"
          label={t("muteOf", { name })}
          onClick={() => session.send({ type: "mute", peer: peer.peer })}
        />
      )}
      {teaching && peer.role !== "tutor" && (
        <Button icon="trash" look="quiet" label={t("removeOf", { name })} onClick={onRemove} />
      )}
    </li>
  );
}

export function People({ own }: { own: Peer | null }) {
  const { session } = useRoom();
  const { you } = useSession();
  const peers = useOthers();
  const t = useWords();
  const [leaving, setLeaving] = useState<Peer | null>(null);
  const everyone = own ? [own, ...peers] : peers;
  return (
    <div className="room-people">
      {you?.role === "tutor" && <Lobby />}
      <ul aria-label={t("people")}>
        {everyone.map((peer) => (
          <Row key={peer.peer} peer={peer} own={peer === own} onRemove={() => setLeaving(peer)} />
        ))}
      </ul>
      {leaving && (
        <Confirm
          title={t("removeTitle", { name: leaving.name })}
          text={t(leaving.role === "guest" ? "removeGuestText" : "removeText")}
          action={t("remove")}
          onConfirm={() => session.send({ type: "remove", person: leaving.person })}
          onClose={() => setLeaving(null)}
        />
      )}
    </div>
  );
}
