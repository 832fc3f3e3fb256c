import { gettext, interpolate } from "../../shared/gettext";
import type { RemotePeer } from "../call/call";
import { STEP_PAUSED, STEP_SMALL } from "../call/video-steps";
import { initials } from "../initials";
import type { Peer } from "../protocol";
import { Button } from "./components";
import { useOtherPeople, useRoom, useSession, useStore } from "./context";
import { Icon } from "./icons";
import { QualitySign } from "./people-panel";
import { TrackVideo } from "./track-video";

function TileCaption({ peer, own }: { peer: Peer; own?: boolean }) {
  const { you, quality } = useSession();
  return (
    <figcaption>
      {peer.hand && (
        <span className="hand" role="img" aria-label={gettext("hand raised")}>
          <Icon name="hand" />
        </span>
      )}
      <span className="name">{own ? gettext("You") : peer.name}</span>
      {!peer.media.microphone && (
        <span role="img" aria-label={gettext("microphone off")}>
          <Icon name="microphone-off" />
        </span>
      )}
      {you?.role === "tutor" && !own && <QualitySign quality={quality[peer.peer]} />}
    </figcaption>
  );
}

function RemoteVideoTile({ peer, remote }: { peer: Peer; remote: RemotePeer | undefined }) {
  const { name, media } = peer;
  const { local } = useRoom();
  const { choice } = useStore(local.store);
  const shown = media.camera && remote?.state === "connected" && !remote.videoPaused;
  return (
    <figure className="room-tile" data-peer={peer.peer} data-state={remote?.state ?? "none"}>
      <TrackVideo
        video={remote?.tracks?.camera ?? null}
        audio={remote?.tracks?.microphone ?? null}
        speaker={choice.speaker}
        label={name}
        kind="camera"
        hidden={!shown}
      />
      {!shown && (
        <div
          className="room-avatar"
          role="img"
          aria-label={interpolate(gettext("%(name)s, no video"), { name })}
        >
          {initials(name)}
        </div>
      )}
      {media.away && <p className="room-tile-note">{gettext("Away for a moment")}</p>}
      {remote?.state === "lost" && <p className="room-tile-note">{gettext("Reconnecting…")}</p>}
      {remote?.state === "connected" && remote.videoPaused && media.camera && (
        <p className="room-tile-note">{gettext("Weak connection: sound only")}</p>
      )}
      <TileCaption peer={peer} />
    </figure>
  );
}

function OwnVideoTile({ own }: { own: Peer }) {
  const { local } = useRoom();
  const { camera } = useStore(local.store);
  return (
    <figure className="room-tile own" data-peer={own.peer}>
      <TrackVideo video={camera} own label={gettext("Your video")} kind="camera" hidden={!camera} />
      {!camera && (
        <div className="room-avatar" role="img" aria-label={gettext("The camera is off")}>
          {initials(own.name)}
        </div>
      )}
      <TileCaption peer={own} own />
    </figure>
  );
}

/** Names the people to whom our video is reduced or paused to keep the audio clear. */
function BandwidthHints({ callPeers }: { callPeers: readonly Peer[] }) {
  const { call } = useRoom();
  const { remotes } = useStore(call.store);
  const namesAt = (step: number) =>
    callPeers
      .filter((peer) => remotes[peer.peer]?.videoStep === step)
      .map((peer) => peer.name)
      .join(", ");
  const small = namesAt(STEP_SMALL);
  const paused = namesAt(STEP_PAUSED);
  return (
    <>
      {small && (
        <p>
          {interpolate(
            gettext(
              "Weak connection with %(names)s: your video quality is reduced to keep the sound clear.",
            ),
            { names: small },
          )}
        </p>
      )}
      {paused && (
        <p>
          {interpolate(
            gettext(
              "Very weak connection with %(names)s: your video is paused to keep the sound clear.",
            ),
            { names: paused },
          )}
        </p>
      )}
    </>
  );
}

export function VideoTiles({ own }: { own: Peer | null }) {
  const { call, session } = useRoom();
  const { remotes, noCallReason } = useStore(call.store);
  const callPeers = useOtherPeople().filter((peer) => remotes[peer.peer]);
  return (
    <>
      <section
        className="room-tiles"
        aria-label={gettext("People in the call")}
        data-count={callPeers.length + 1}
      >
        {callPeers.map((peer) => (
          <RemoteVideoTile key={peer.peer} peer={peer} remote={remotes[peer.peer]} />
        ))}
        {own && <OwnVideoTile own={own} />}
      </section>
      <div className="room-hints" role="status">
        {noCallReason === "full" && (
          <p>
            {gettext("The call is full: four people are in it. You can use the board and chat.")}
          </p>
        )}
        {noCallReason === "elsewhere" && (
          <p>
            {gettext("You are in the call in another window.")}{" "}
            <Button onClick={() => session.takeCall()}>{gettext("Move the call here")}</Button>
          </p>
        )}
        {own?.media.camera && <BandwidthHints callPeers={callPeers} />}
      </div>
    </>
  );
}
