import { useEffect, useState } from "react";
import { gettext } from "../../shared/gettext";
import type { LocalMedia } from "../call/local-media";
import { type DeviceChoice, type Devices, listDevices } from "../call/media";
import { Field } from "./components";
import { useStore } from "./context";

export function DeviceSelects({ local }: { local: LocalMedia }) {
  const { choice, camera, microphone } = useStore(local.store);
  const [devices, setDevices] = useState<Devices>({ cameras: [], microphones: [], speakers: [] });

  // Labels are available only after a device was opened, so the list is then reloaded.
  // biome-ignore lint/correctness/useExhaustiveDependencies: opening a track triggers the reload.
  useEffect(() => {
    const refresh = () => void listDevices().then(setDevices);
    refresh();
    navigator.mediaDevices?.addEventListener("devicechange", refresh);
    return () => navigator.mediaDevices?.removeEventListener("devicechange", refresh);
  }, [camera, microphone]);

  const choose = (kind: keyof DeviceChoice, device: string) => {
    if (kind === "speaker") local.chooseSpeaker(device);
    else void local.chooseDevice(kind, device);
  };
  const select = (kind: keyof DeviceChoice, label: string, list: readonly MediaDeviceInfo[]) => (
    <Field label={label}>
      <select value={choice[kind] ?? ""} onChange={(event) => choose(kind, event.target.value)}>
        {!list.some((device) => device.deviceId === choice[kind]) && (
          <option value={choice[kind] ?? ""}>{gettext("Default")}</option>
        )}
        {list.map((device) => (
          <option key={device.deviceId} value={device.deviceId}>
            {device.label || gettext("Default")}
          </option>
        ))}
      </select>
    </Field>
  );
  return (
    <div className="room-devices">
      {select("camera", gettext("Camera"), devices.cameras)}
      {select("microphone", gettext("Microphone"), devices.microphones)}
      {devices.speakers.length > 0 && select("speaker", gettext("Speaker"), devices.speakers)}
    </div>
  );
}
