import { type FormEvent, useEffect, useRef, useState } from "react";
import { gettext } from "../../shared/gettext";
import type { LocalMedia } from "../call/local-media";
import { Button, Field } from "./components";
import { ConnectionTest } from "./connection-test";
import { useConfig, useStore } from "./context";
import { DeviceErrors } from "./device-errors";
import { DeviceSelects } from "./device-selects";
import { LevelMeter } from "./level-meter";
import { SpeakerTest } from "./speaker-test";
import { TrackVideo } from "./track-video";

/** Shows which devices work and how to fix those that do not. */
function Check({ local }: { local: LocalMedia }) {
  const { camera, microphone, opening } = useStore(local.store);
  return (
    <div className="room-check" role="status">
      {camera && microphone && <p className="good">{gettext("Camera and microphone work.")}</p>}
      {(opening.camera || opening.microphone) && (
        <p>{gettext("Your browser is asking for permission. Press Allow.")}</p>
      )}
      <DeviceErrors local={local} />
    </div>
  );
}

function Preview({ local }: { local: LocalMedia }) {
  const { camera, microphone, muted } = useStore(local.store);
  const unmuted = microphone !== null && !muted;
  return (
    <div className="room-preview">
      <TrackVideo video={camera} own kind="camera" label={gettext("Your video")} hidden={!camera} />
      {!camera && <p>{gettext("The camera is off")}</p>}
      <div className="room-preview-controls">
        <Button
          icon={camera ? "camera" : "camera-off"}
          label={camera ? gettext("Turn the camera off") : gettext("Turn the camera on")}
          className={camera ? "" : "off"}
          onClick={() => (camera ? local.close("camera") : void local.open("camera"))}
        />
        <Button
          icon={unmuted ? "microphone" : "microphone-off"}
          label={unmuted ? gettext("Turn the microphone off") : gettext("Turn the microphone on")}
          className={unmuted ? "" : "off"}
          onClick={() => void local.setMicrophone(!unmuted)}
        />
      </div>
    </div>
  );
}

interface PreJoinProps {
  local: LocalMedia;
  name: string;
  onEnter: (name: string) => void;
}

export function PreJoin({ local, name: known, onEnter }: PreJoinProps) {
  const config = useConfig();
  const [name, setName] = useState(known);
  const [missing, setMissing] = useState(false);
  const { camera, microphone, errors } = useStore(local.store);
  const requested = useRef(false);
  useEffect(() => {
    if (requested.current) return;
    requested.current = true;
    void local.open("microphone").then(() => local.open("camera"));
  }, [local]);

  const enter = (event: FormEvent) => {
    event.preventDefault();
    if (config.guest && !name.trim()) setMissing(true);
    else onEnter(name.trim());
  };
  return (
    <form className="room-pre-join" onSubmit={enter}>
      <header>
        <p>{config.title}</p>
        <h1>{gettext("Before you enter")}</h1>
        <p>{gettext("Check your camera and microphone. Nobody can see you yet.")}</p>
      </header>
      <Preview local={local} />
      <div className="room-pre-join-side">
        {config.guest && (
          <Field label={gettext("Your name")}>
            <input
              value={name}
              maxLength={config.maxNameLength}
              autoComplete="name"
              aria-invalid={missing}
              aria-describedby={missing ? "room-name-missing" : undefined}
              onChange={(event) => setName(event.target.value)}
            />
            {missing && (
              <span id="room-name-missing" className="room-error" role="alert">
                {gettext("Enter your name so that others know who you are.")}
              </span>
            )}
          </Field>
        )}
        {!(errors.camera && errors.microphone) && <DeviceSelects local={local} />}
        {microphone && <LevelMeter track={microphone} />}
        <Check local={local} />
        <Button type="submit" variant="primary" className="big">
          {camera || microphone
            ? gettext("Enter the room")
            : gettext("Enter with board and chat only")}
        </Button>
        <SpeakerTest local={local} />
        {!config.guest && <ConnectionTest />}
        <a href={config.lessonUrl}>{gettext("Back to the lesson page")}</a>
      </div>
    </form>
  );
}
