import { useEffect, useMemo, useRef, useState } from "react";
import { gettext } from "../../shared/gettext";
import { setSpeaker } from "../call/media";
import { Button } from "./components";

interface VideoProps {
  video: MediaStreamTrack | null;
  audio?: MediaStreamTrack | null;
  /** The local video: muted and mirrored. */
  own?: boolean;
  /** Id of the loudspeaker for the audio; null is the default. */
  speaker?: string | null;
  label: string;
  kind: "camera" | "screen";
  hidden?: boolean;
}

/** Plays tracks; rendered even without video, because it also plays the audio. */
export function TrackVideo({
  video,
  audio = null,
  own,
  speaker = null,
  label,
  kind,
  hidden,
}: VideoProps) {
  const element = useRef<HTMLVideoElement>(null);
  const [blocked, setBlocked] = useState(false);
  const stream = useMemo(() => {
    const tracks = [audio, video].filter((track) => track !== null);
    return tracks.length ? new MediaStream(tracks) : null;
  }, [audio, video]);

  useEffect(() => {
    const player = element.current;
    if (!player) return;
    player.srcObject = stream;
    if (!stream) return;
    player.play().then(
      () => setBlocked(false),
      // Autoplay is blocked until a user gesture; other errors mean that a newer stream replaced it.
      (error: Error) => setBlocked(error.name === "NotAllowedError"),
    );
  }, [stream]);

  useEffect(() => {
    if (element.current) void setSpeaker(element.current, speaker);
  }, [speaker]);

  const play = () => {
    void element.current?.play().then(() => setBlocked(false));
  };
  return (
    <>
      <video
        ref={element}
        className={own ? "own" : undefined}
        muted={own === true}
        autoPlay
        playsInline
        aria-label={label}
        data-kind={kind}
        hidden={hidden}
      />
      {blocked && (
        <div className="room-sound-blocked" role="alert">
          <span>{gettext("Your browser blocked the sound.")}</span>
          <Button variant="primary" onClick={play}>
            {gettext("Turn the sound on")}
          </Button>
        </div>
      )}
    </>
  );
}
