import { useState } from "react";
import { useConfig, useRoom, useSession, useStore, useWords } from "./context";
import { DeviceChoice } from "./device-choice";
import { troubleWords } from "./green-room";
import { Icon } from "./icons";
import { Button, Confirm, Dialog } from "./parts";

function MediaButtons() {
  const { local } = useRoom();
  const { camera, microphone, screen, muted } = useStore(local.store);
  const t = useWords();
  const heard = microphone !== null && !muted;
  return (
    <>
      <Button
        icon={heard ? "microphone" : "microphone-off"}
        label={t(heard ? "microphoneOff" : "microphoneOn")}
        className={heard ? "" : "off"}
        onClick={() => void local.setMicrophone(!heard)}
      />
      <Button
        icon={camera ? "camera" : "camera-off"}
        label={t(camera ? "cameraOff" : "cameraOn")}
        className={camera ? "" : "off"}
        onClick={() => (camera ? local.close("camera") : void local.open("camera"))}
      />
      <Button
        icon="screen"
        label={t(screen ? "stopSharing" : "shareScreen")}
        pressed={screen !== null}
        className="room-share"
        onClick={() => (screen ? local.close("screen") : void local.shareScreen())}
      />
    </>
  );
}

/** What went wrong with a device after entering. */
function DeviceTroubles() {
  const { local } = useRoom();
  const { trouble } = useStore(local.store);
  const t = useWords();
  return (
    <>
      {trouble.camera && <p className="room-error">{t(troubleWords("camera", trouble.camera))}</p>}
      {trouble.microphone && (
        <p className="room-error">{t(troubleWords("microphone", trouble.microphone))}</p>
      )}
      {trouble.screen && <p className="room-error">{t("screenUnknown")}</p>}
    </>
  );
}

interface ControlsProps {
  hand: boolean;
  onHand: () => void;
  panelOpen: boolean;
  unread: number;
  onPanel: () => void;
}

export function Controls({ hand, onHand, panelOpen, unread, onPanel }: ControlsProps) {
  const { session, local } = useRoom();
  const { you } = useSession();
  const config = useConfig();
  const t = useWords();
  const [dialog, setDialog] = useState<"devices" | "end" | null>(null);
  const close = () => setDialog(null);
  const panelWords = unread ? t("panelUnread", { count: unread }) : t("panel");
  return (
    <nav className="room-controls" aria-label={t("controls")}>
      <MediaButtons />
      <Button
        icon="hand"
        label={t(hand ? "lowerHand" : "raiseHand")}
        pressed={hand}
        onClick={onHand}
      />
      <Button icon="settings" label={t("devices")} onClick={() => setDialog("devices")} />
      <Button
        icon="chat"
        label={panelOpen ? t("hidePanel") : panelWords}
        expanded={panelOpen}
        badge={unread}
        onClick={onPanel}
      />
      {you?.role === "tutor" && (
        <Button look="danger" className="room-end" onClick={() => setDialog("end")}>
          {t("endLesson")}
        </Button>
      )}
      <a
        className="room-button only-icon room-leave"
        href={config.lessonUrl || "/"}
        title={t("leave")}
      >
        <span className="sr">{t("leave")}</span>
        <Icon name="leave" />
      </a>
      {dialog === "devices" && (
        <Dialog title={t("devices")} onClose={close}>
          <DeviceChoice local={local} />
          <DeviceTroubles />
        </Dialog>
      )}
      {dialog === "end" && (
        <Confirm
          title={t("endTitle")}
          text={t("endText")}
          action={t("endConfirm")}
          onConfirm={() => session.send({ type: "end" })}
          onClose={close}
        />
      )}
    </nav>
  );
}
