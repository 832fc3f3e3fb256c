import { useState } from "react";
import { gettext } from "../../shared/gettext";
import type { LocalMedia } from "../call/local-media";
import { playTestSound } from "../call/test-sound";
import { Button } from "./components";

const TEXTS = {
  playing: gettext("Playing…"),
  played: gettext("Did you hear it? If not, turn up the volume or choose another speaker."),
  failed: gettext("Your browser could not play the sound."),
};

export function SpeakerTest({ local }: { local: LocalMedia }) {
  const [state, setState] = useState<keyof typeof TEXTS | null>(null);
  const play = () => {
    setState("playing");
    playTestSound(local.store.get().choice.speaker).then(
      () => setState("played"),
      () => setState("failed"),
    );
  };
  return (
    <div className="room-test">
      <Button onClick={play}>{gettext("Play a test sound")}</Button>
      <p role="status">{state && TEXTS[state]}</p>
    </div>
  );
}
