import { useEffect, useState } from "react";
import { gettext, interpolate } from "../../shared/gettext";
import type { DeviceKind } from "../call/media";
import { watchSilence } from "../call/silence";
import { Button } from "./components";
import { useRoom, useStore } from "./context";

const REPLACEMENT_DURATION_MS = 8000;
const KINDS = ["microphone", "camera"] as const;
const TEXTS: Record<DeviceKind, Record<"lost" | "interrupted" | "replaced", string>> = {
  microphone: {
    lost: gettext("Your microphone was disconnected. Nobody can hear you."),
    interrupted: gettext("A call or another app is using your microphone. Nobody can hear you."),
    replaced: gettext("Your microphone is now %(name)s."),
  },
  camera: {
    lost: gettext("Your camera was disconnected. Nobody can see you."),
    interrupted: gettext("A call or another app is using your camera. Nobody can see you."),
    replaced: gettext("Your camera is now %(name)s."),
  },
};

/** What happened to the person's own devices during the call. */
export function DeviceNotices() {
  const { local } = useRoom();
  const { interrupted, lost } = useStore(local.store);
  const isSilent = useSilence();
  const replacement = useReplacementText();
  return (
    <>
      {KINDS.filter((kind) => interrupted[kind]).map((kind) => (
        <p key={kind} className="notice error">
          {TEXTS[kind].interrupted}
        </p>
      ))}
      {KINDS.filter((kind) => lost[kind]).map((kind) => (
        <div key={kind} className="notice error">
          <span>{TEXTS[kind].lost}</span>
          <Button onClick={() => void local.open(kind)}>{gettext("Try again")}</Button>
          <Button
            icon="close"
            variant="quiet"
            label={gettext("Dismiss")}
            onClick={() => local.dismissLoss(kind)}
          />
        </div>
      ))}
      {isSilent && (
        <p className="notice error">
          {gettext(
            "No sound from your microphone so far. Say something; if this message stays, check the microphone or choose another one in Devices.",
          )}
        </p>
      )}
      {replacement && <p className="notice">{replacement}</p>}
    </>
  );
}

function useReplacementText(): string {
  const { replacement } = useStore(useRoom().local.store);
  const [shown, setShown] = useState(replacement);
  useEffect(() => {
    setShown(replacement);
    const timer = setTimeout(() => setShown(null), REPLACEMENT_DURATION_MS);
    return () => clearTimeout(timer);
  }, [replacement]);
  return shown ? interpolate(TEXTS[shown.kind].replaced, { name: shown.label }) : "";
}

/** Whether the open microphone has given no sound at all; a muted one is not listened to. */
function useSilence(): boolean {
  const { microphone, muted, interrupted } = useStore(useRoom().local.store);
  const track = muted || interrupted.microphone ? null : microphone;
  const [isSilent, setSilent] = useState(false);
  useEffect(() => {
    setSilent(false);
    return track ? watchSilence(track, setSilent) : undefined;
  }, [track]);
  return isSilent;
}
