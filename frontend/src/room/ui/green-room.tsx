import { type FormEvent, useEffect, useRef, useState } from "react";
import { meter } from "../call/level-meter";
import type { LocalMedia } from "../call/local-media";
import { useConfig, useStore, useWords } from "./context";
import { DeviceChoice } from "./device-choice";
import { Button, Field } from "./parts";
import { TrackVideo } from "./tracks";
import { Troubles } from "./troubles";

function LevelMeter({ track }: { track: MediaStreamTrack }) {
  const t = useWords();
  const [level, setLevel] = useState(0);
  useEffect(() => {
    setLevel(0);
    return meter(track, setLevel);
  }, [track]);
  return (
    <div className="room-level">
      <meter aria-label={t("levelLabel")} min={0} max={1} value={level} />
      <p>{t("levelHint")}</p>
    </div>
  );
}

/** What works, what does not, and what to do about it. */
function Check({ local }: { local: LocalMedia }) {
  const t = useWords();
  const { camera, microphone, opening } = useStore(local.store);
  return (
    <div className="room-check" role="status">
      {camera && microphone && <p className="good">{t("allWorks")}</p>}
      {(opening.camera || opening.microphone) && <p>{t("opening")}</p>}
      <Troubles local={local} />
    </div>
  );
}

function Preview({ local }: { local: LocalMedia }) {
  const t = useWords();
  const { camera, microphone, muted } = useStore(local.store);
  const heard = microphone !== null && !muted;
  return (
    <div className="room-preview">
      <TrackVideo video={camera} own kind="camera" label={t("preview")} hidden={!camera} />
      {!camera && <p>{t("cameraIsOff")}</p>}
      <div className="room-preview-controls">
        <Button
          icon={camera ? "camera" : "camera-off"}
          label={t(camera ? "cameraOff" : "cameraOn")}
          className={camera ? "" : "off"}
          onClick={() => (camera ? local.close("camera") : void local.open("camera"))}
        />
        <Button
          icon={heard ? "microphone" : "microphone-off"}
          label={t(heard ? "microphoneOff" : "microphoneOn")}
          className={heard ? "" : "off"}
          onClick={() => void local.setMicrophone(!heard)}
        />
      </div>
    </div>
  );
}

interface GreenRoomProps {
  local: LocalMedia;
  name: string;
  onEnter: (name: string) => void;
}

export function GreenRoom({ local, name: known, onEnter }: GreenRoomProps) {
  const config = useConfig();
  const t = useWords();
  const [name, setName] = useState(known);
  const [missing, setMissing] = useState(false);
  const { camera, microphone, trouble } = useStore(local.store);
  const asked = useRef(false);
  useEffect(() => {
    if (asked.current) return;
    asked.current = true;
    void local.open("microphone").then(() => local.open("camera"));
  }, [local]);

  const enter = (event: FormEvent) => {
    event.preventDefault();
    if (config.guest && !name.trim()) setMissing(true);
    else onEnter(name.trim());
  };
  return (
    <form className="room-green" onSubmit={enter}>
      <header>
        <p>{config.title}</p>
        <h1>{t("greenTitle")}</h1>
        <p>{t("greenIntro")}</p>
      </header>
      <Preview local={local} />
      <div className="room-green-side">
        {config.guest && (
          <Field label={t("yourName")}>
            <input
              value={name}
              maxLength={60}
              autoComplete="name"
              aria-invalid={missing}
              aria-describedby={missing ? "room-name-missing" : undefined}
              onChange={(event) => setName(event.target.value)}
            />
            {missing && (
              <span id="room-name-missing" className="room-error" role="alert">
                {t("nameRequired")}
              </span>
            )}
          </Field>
        )}
        {!(trouble.camera && trouble.microphone) && <DeviceChoice local={local} />}
        {microphone && <LevelMeter track={microphone} />}
        <Check local={local} />
        <Button type="submit" look="primary" className="large">
          {t(camera || microphone ? "enter" : "enterSilent")}
        </Button>
        <a href={config.lessonUrl}>{t("backToLesson")}</a>
      </div>
    </form>
  );
}
