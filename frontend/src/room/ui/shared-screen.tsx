import { useState } from "react";
import { gettext, interpolate } from "../../shared/gettext";
import { Button } from "./components";
import { useOtherPeople, useRoom, useStore } from "./context";
import { TrackVideo } from "./track-video";

/** The shared screen of another person, shown over the board until the user switches back. */
export function SharedScreen() {
  const { call } = useRoom();
  const peers = useOtherPeople();
  const { remotes } = useStore(call.store);
  const [hiddenOf, setHiddenOf] = useState<string | null>(null);
  const sharing = peers.find((peer) => peer.media.screen && remotes[peer.peer]?.tracks?.screen);
  if (!sharing) return null;
  const hidden = hiddenOf === sharing.peer;
  const label = interpolate(gettext("Shared screen: %(name)s"), { name: sharing.name });
  return (
    <div className={hidden ? "room-shared-screen folded" : "room-shared-screen"}>
      {!hidden && (
        <TrackVideo
          video={remotes[sharing.peer]?.tracks?.screen ?? null}
          label={label}
          kind="screen"
        />
      )}
      <div className="room-shared-screen-bar">
        <span>{label}</span>
        <Button onClick={() => setHiddenOf(hidden ? null : sharing.peer)}>
          {hidden ? gettext("Show the shared screen") : gettext("Show the board")}
        </Button>
      </div>
    </div>
  );
}
