import { useState } from "react";
import { gettext, interpolate } from "../../shared/gettext";
import type { Peer, Quality, QualityLevel } from "../protocol";
import { ROLE_NAMES } from "./chat";
import { Button, Confirm } from "./components";
import { useOtherPeople, useRoom, useSession } from "./context";
import { Icon } from "./icons";

const LEVEL_TEXTS: Record<QualityLevel, string> = {
  good: gettext("Good connection"),
  fair: gettext("Fair connection"),
  poor: gettext("Poor connection"),
};

export function QualitySign({ quality }: { quality: Quality | undefined }) {
  if (!quality) return null;
  const level = LEVEL_TEXTS[quality.level];
  const text =
    quality.rtt_ms === null
      ? level
      : interpolate(gettext("%(level)s: delay %(rtt)s ms, packet loss %(loss)s%"), {
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
  return (
    <section className="room-lobby" aria-label={gettext("Waiting room")}>
      <label className="room-switch">
        <input
          type="checkbox"
          checked={room?.lobby_enabled ?? true}
          onChange={(event) => session.send({ type: "lobby.set", enabled: event.target.checked })}
        />
        <span>{gettext("Guests wait until I admit them")}</span>
      </label>
      {lobby.length > 0 && (
        <ul>
          {lobby.map(({ person, name }) => (
            <li key={person}>
              <span className="name">{name}</span>
              <Button
                variant="primary"
                label={interpolate(gettext("Admit %(name)s"), { name })}
                onClick={() => session.send({ type: "lobby.admit", person })}
              >
                {gettext("Admit")}
              </Button>
              <Button
                label={interpolate(gettext("Refuse %(name)s"), { name })}
                onClick={() => session.send({ type: "lobby.deny", person })}
              >
                {gettext("Refuse")}
              </Button>
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}

function PersonRow({ peer, own, onRemove }: { peer: Peer; own: boolean; onRemove: () => void }) {
  const { session } = useRoom();
  const { you, quality } = useSession();
  const canModerate = you?.role === "tutor" && !own;
  const { name } = peer;
  return (
    <li>
      <span className="name">
        {name}
        <i>{own ? gettext("You") : ROLE_NAMES[peer.role]}</i>
      </span>
      {peer.hand && (
        <span className="hand" role="img" aria-label={gettext("hand raised")}>
          <Icon name="hand" />
        </span>
      )}
      {!peer.media.microphone && (
        <span className="off" role="img" aria-label={gettext("microphone off")}>
          <Icon name="microphone-off" />
        </span>
      )}
      {you?.role === "tutor" && <QualitySign quality={quality[peer.peer]} />}
      {canModerate && peer.media.microphone && (
        <Button
          icon="microphone"
          variant="quiet"
          label={interpolate(gettext("Mute %(name)s"), { name })}
          onClick={() => session.send({ type: "mute", peer: peer.peer })}
        />
      )}
      {canModerate && peer.role !== "tutor" && (
        <Button
          icon="trash"
          variant="quiet"
          label={interpolate(gettext("Remove %(name)s"), { name })}
          onClick={onRemove}
        />
      )}
    </li>
  );
}

export function PeoplePanel({ own }: { own: Peer | null }) {
  const { session } = useRoom();
  const { you } = useSession();
  const peers = useOtherPeople();
  const [removing, setRemoving] = useState<Peer | null>(null);
  const everyone = own ? [own, ...peers] : peers;
  return (
    <div className="room-people">
      {you?.role === "tutor" && <Lobby />}
      <ul aria-label={gettext("People")}>
        {everyone.map((peer) => (
          <PersonRow
            key={peer.peer}
            peer={peer}
            own={peer === own}
            onRemove={() => setRemoving(peer)}
          />
        ))}
      </ul>
      {removing && (
        <Confirm
          title={interpolate(gettext("Remove %(name)s?"), { name: removing.name })}
          text={
            removing.role === "guest"
              ? gettext(
                  "They leave at once and can’t come back. The invite link stops working too. Guests who are here stay; those who have just lost their connection wait until you admit them. Create a new link on the lesson page for anyone still to come.",
                )
              : gettext(
                  "They leave at once and can’t come back to this lesson’s room. Its invite links stop working too. Guests who are here stay; those who have just lost their connection wait until you admit them.",
                )
          }
          action={gettext("Remove")}
          onConfirm={() => session.send({ type: "remove", person: removing.person })}
          onClose={() => setRemoving(null)}
        />
      )}
    </div>
  );
}
