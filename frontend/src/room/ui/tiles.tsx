import type { Remote } from "../call/call";
import { PAUSED, SMALL } from "../call/video-steps";
import { initials } from "../initials";
import type { Peer } from "../protocol";
import { useOthers, useRoom, useSession, useStore, useWords } from "./context";
import { Icon } from "./icons";
import { Button } from "./parts";
import { QualitySign } from "./people";
import { TrackVideo } from "./tracks";

function Caption({ peer, own }: { peer: Peer; own?: boolean }) {
  const { you, quality } = useSession();
  const t = useWords();
  return (
    <figcaption>
      {peer.hand && (
        <span className="hand" role="img" aria-label={t("handRaised")}>
          <Icon name="hand" />
        </span>
      )}
      <span className="name">{own ? t("you") : peer.name}</span>
      {!peer.media.microphone && (
        <span role="img" aria-label={t("microphoneIsOff")}>
          <Icon name="microphone-off" />
        </span>
      )}
      {you?.role === "tutor" && !own && <QualitySign quality={quality[peer.peer]} />}
    </figcaption>
  );
}

function RemoteTile({ peer, remote }: { peer: Peer; remote: Remote | undefined }) {
  const t = useWords();
  const { name, media } = peer;
  const shown = media.camera && remote?.state === "connected" && !remote.paused;
  return (
    <figure className="room-tile" data-peer={peer.peer} data-state={remote?.state ?? "none"}>
      <TrackVideo
        video={remote?.tracks?.camera ?? null}
        audio={remote?.tracks?.microphone ?? null}
        label={name}
        kind="camera"
        hidden={!shown}
      />
      {!shown && (
        <div className="room-face" role="img" aria-label={t("noPicture", { name })}>
          {initials(name)}
        </div>
      )}
      {remote?.state === "lost" && <p className="room-tile-note">{t("reconnecting")}</p>}
      {remote?.state === "connected" && remote.paused && media.camera && (
        <p className="room-tile-note">{t("pictureHeldBack")}</p>
      )}
      <Caption peer={peer} />
    </figure>
  );
}

function OwnTile({ own }: { own: Peer }) {
  const { local } = useRoom();
  const { camera } = useStore(local.store);
  const t = useWords();
  return (
    <figure className="room-tile own" data-peer={own.peer}>
      <TrackVideo video={camera} own label={t("preview")} kind="camera" hidden={!camera} />
      {!camera && (
        <div className="room-face" role="img" aria-label={t("cameraIsOff")}>
          {initials(own.name)}
        </div>
      )}
      <Caption peer={own} own />
    </figure>
  );
}

/** To whom our picture is sent smaller, or not at all, so that the sound stays clear. */
function ThinLines({ called }: { called: readonly Peer[] }) {
  const { call } = useRoom();
  const { remotes } = useStore(call.store);
  const t = useWords();
  const namesAt = (step: number) =>
    called
      .filter((peer) => remotes[peer.peer]?.step === step)
      .map((peer) => peer.name)
      .join(", ");
  const small = namesAt(SMALL);
  const paused = namesAt(PAUSED);
  return (
    <>
      {small && <p>{t("videoLowered", { names: small })}</p>}
      {paused && <p>{t("videoPaused", { names: paused })}</p>}
    </>
  );
}

export function Tiles({ own }: { own: Peer | null }) {
  const { call, session } = useRoom();
  const { remotes, without } = useStore(call.store);
  const t = useWords();
  const called = useOthers().filter((peer) => remotes[peer.peer]);
  return (
    <>
      <section className="room-tiles" aria-label={t("callTiles")} data-count={called.length + 1}>
        {called.map((peer) => (
          <RemoteTile key={peer.peer} peer={peer} remote={remotes[peer.peer]} />
        ))}
        {own && <OwnTile own={own} />}
      </section>
      <div className="room-hints" role="status">
        {without === "full" && <p>{t("callFull")}</p>}
        {without === "elsewhere" && (
          <p>
            {t("callElsewhere")} <Button onClick={() => session.takeCall()}>{t("callHere")}</Button>
          </p>
        )}
        {own?.media.camera && <ThinLines called={called} />}
      </div>
    </>
  );
}
