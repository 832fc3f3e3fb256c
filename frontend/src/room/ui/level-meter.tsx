import { useEffect, useState } from "react";
import { gettext } from "../../shared/gettext";
import { startLevelMeter } from "../call/level-meter";

export function LevelMeter({ track }: { track: MediaStreamTrack }) {
  const [level, setLevel] = useState(0);
  useEffect(() => {
    setLevel(0);
    return startLevelMeter(track, setLevel);
  }, [track]);
  return (
    <div className="room-level">
      <meter aria-label={gettext("Microphone level")} min={0} max={1} value={level} />
      <p>{gettext("Say something: the bar should move.")}</p>
    </div>
  );
}
