import { useState } from "react";
import { gettext, interpolate } from "../../shared/gettext";
import type { DeviceKind } from "../call/media";
import { Button, Confirm, Dialog } from "./components";
import { useConfig, useRoom, useSession, useStore } from "./context";
import { DeviceErrors } from "./device-errors";
import { DeviceSelects } from "./device-selects";
import { Icon } from "./icons";
import { LevelMeter } from "./level-meter";
import { SpeakerTest } from "./speaker-test";

/** Buttons for the devices; calls `onDeviceError` when a device cannot be opened. */
function MediaButtons({ onDeviceError }: { onDeviceError: () => void }) {
  const { local } = useRoom();
  const { camera, microphone, screen, muted } = useStore(local.store);
  const unmuted = microphone !== null && !muted;
  const reportError = (kind: DeviceKind | "screen") => () => {
    if (local.store.get().errors[kind]) onDeviceError();
  };
  return (
    <>
      <Button
        icon={unmuted ? "microphone" : "microphone-off"}
        label={unmuted ? gettext("Turn the microphone off") : gettext("Turn the microphone on")}
        className={unmuted ? "" : "off"}
        onClick={() => void local.setMicrophone(!unmuted).then(reportError("microphone"))}
      />
      <Button
        icon={camera ? "camera" : "camera-off"}
        label={camera ? gettext("Turn the camera off") : gettext("Turn the camera on")}
        className={camera ? "" : "off"}
        onClick={() =>
          camera ? local.close("camera") : void local.open("camera").then(reportError("camera"))
        }
      />
      <Button
        icon="screen"
        label={screen ? gettext("Stop sharing") : gettext("Share the screen")}
        pressed={screen !== null}
        className="room-share"
        onClick={() =>
          screen ? local.close("screen") : void local.shareScreen().then(reportError("screen"))
        }
      />
    </>
  );
}

interface ControlsProps {
  hand: boolean;
  onToggleHand: () => void;
  panelOpen: boolean;
  unread: number;
  onTogglePanel: () => void;
}

export function Controls({ hand, onToggleHand, panelOpen, unread, onTogglePanel }: ControlsProps) {
  const { session, local } = useRoom();
  const { you } = useSession();
  const { microphone } = useStore(local.store);
  const config = useConfig();
  const [dialog, setDialog] = useState<"devices" | "end" | null>(null);
  const close = () => setDialog(null);
  const panelLabel = unread
    ? interpolate(gettext("Chat and people, new messages: %(count)s"), { count: unread })
    : gettext("Chat and people");
  return (
    <nav className="room-controls" aria-label={gettext("Call controls")}>
      <MediaButtons onDeviceError={() => setDialog("devices")} />
      <Button
        icon="hand"
        label={hand ? gettext("Lower your hand") : gettext("Raise your hand")}
        pressed={hand}
        onClick={onToggleHand}
      />
      <Button icon="settings" label={gettext("Devices")} onClick={() => setDialog("devices")} />
      <Button
        icon="chat"
        label={panelOpen ? gettext("Hide the panel") : panelLabel}
        expanded={panelOpen}
        badge={unread}
        onClick={onTogglePanel}
      />
      {you?.role === "tutor" && (
        <Button
          icon="end"
          variant="danger"
          label={gettext("End lesson")}
          className="room-end"
          onClick={() => setDialog("end")}
        >
          {gettext("End lesson")}
        </Button>
      )}
      <a className="btn icon room-leave" href={config.lessonUrl || "/"} title={gettext("Leave")}>
        <span className="visually-hidden">{gettext("Leave")}</span>
        <Icon name="leave" />
      </a>
      {dialog === "devices" && (
        <Dialog title={gettext("Devices")} onClose={close}>
          <DeviceSelects local={local} />
          <SpeakerTest local={local} />
          {microphone && <LevelMeter track={microphone} />}
          <DeviceErrors local={local} />
        </Dialog>
      )}
      {dialog === "end" && (
        <Confirm
          title={gettext("End lesson?")}
          text={gettext("The call ends for everyone. The board and chat stay with the lesson.")}
          action={gettext("End lesson")}
          onConfirm={() => session.send({ type: "end" })}
          onClose={close}
        />
      )}
    </nav>
  );
}
