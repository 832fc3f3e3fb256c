import { gettext } from "../../shared/gettext";
import type { LocalMedia } from "../call/local-media";
import type { DeviceError, DeviceKind } from "../call/media";
import { Button } from "./components";
import { useStore } from "./context";

const DEVICE_KINDS = ["camera", "microphone"] as const;
const INSECURE_TEXT = gettext(
  "Browsers allow the camera and microphone only on https pages. The board and chat still work.",
);
const ERROR_TEXTS: Record<DeviceKind, Record<DeviceError, string>> = {
  camera: {
    denied: gettext(
      "The camera is blocked for this page. Press the icon beside the address, allow the camera, then press Try again.",
    ),
    system: gettext(
      "Your computer or phone does not let this browser use the camera. Allow it in the system’s privacy settings, then press Try again.",
    ),
    missing: gettext(
      "No camera was found. Plug one in, then press Try again, or enter without one.",
    ),
    busy: gettext("Another app is using the camera. Close it, then press Try again."),
    insecure: INSECURE_TEXT,
    unknown: gettext("The camera did not start. Try again, or enter without it."),
  },
  microphone: {
    denied: gettext(
      "The microphone is blocked for this page. Press the icon beside the address, allow the microphone, then press Try again.",
    ),
    system: gettext(
      "Your computer or phone does not let this browser use the microphone. Allow it in the system’s privacy settings, then press Try again.",
    ),
    missing: gettext(
      "No microphone was found. Plug one in, then press Try again, or enter without one.",
    ),
    busy: gettext("Another app is using the microphone. Close it, then press Try again."),
    insecure: INSECURE_TEXT,
    unknown: gettext("The microphone did not start. Try again, or enter without it."),
  },
};

/** Which devices cannot be used, and what to do about it. */
export function DeviceErrors({ local }: { local: LocalMedia }) {
  const { errors } = useStore(local.store);
  const kinds = DEVICE_KINDS.filter((kind) => errors[kind]);
  const texts = new Set(kinds.map((kind) => ERROR_TEXTS[kind][errors[kind] ?? "unknown"]));
  if (errors.screen) texts.add(gettext("The screen cannot be shared from this browser."));
  const retry = () => {
    for (const kind of kinds) void local.open(kind);
  };
  return (
    <>
      {[...texts].map((text) => (
        <p key={text} className="room-device-error">
          {text}
        </p>
      ))}
      {kinds.length > 0 && <Button onClick={retry}>{gettext("Try again")}</Button>}
    </>
  );
}
