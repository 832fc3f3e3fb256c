import { useState } from "react";
import type { Kind } from "../call/local-media";
import { useConfig, useRoom, useSession, useStore, useWords } from "./context";
import { DeviceChoice } from "./device-choice";
import { Icon } from "./icons";
import { Button, Confirm, Dialog } from "./parts";
import { Troubles } from "./troubles";

/** Opens what was asked for; `onTrouble` where that failed, and words are needed. */
function MediaButtons({ onTrouble }: { onTrouble: () => void }) {
  const { local } = useRoom();
  const { camera, microphone, screen, muted } = useStore(local.store);
  const t = useWords();
  const heard = microphone !== null && !muted;
  const opened = (kind: Kind | "screen") => () => {
    if (local.store.get().trouble[kind]) onTrouble();
  };
  return (
    <>
      <Button
        icon={heard ? "microphone" : "microphone-off"}
        label={t(heard ? "microphoneOff" : "microphoneOn")}
        className={heard ? "" : "off"}
        onClick={() => void local.setMicrophone(!heard).then(opened("microphone"))}
      />
      <Button
        icon={camera ? "camera" : "camera-off"}
        label={t(camera ? "cameraOff" : "cameraOn")}
        className={camera ? "" : "off"}
        onClick={() =>
          camera ? local.close("camera") : void local.open("camera").then(opened("camera"))
        }
      />
      <Button
        icon="screen"
        label={t(screen ? "stopSharing" : "shareScreen")}
        pressed={screen !== null}
        className="room-share"
        onClick={() =>
          screen ? local.close("screen") : void local.shareScreen().then(opened("screen"))
        }
      />
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
      <MediaButtons onTrouble={() => setDialog("devices")} />
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
        <Button
          icon="end"
          look="danger"
          label={t("endLesson")}
          className="room-end"
          onClick={() => setDialog("end")}
        >
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
          <Troubles local={local} />
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
