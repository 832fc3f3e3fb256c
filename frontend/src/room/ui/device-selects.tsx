import { useEffect, useState } from "react";
import { gettext } from "../../shared/gettext";
import type { DeviceKind, LocalMedia } from "../call/local-media";
import { type Devices, listDevices } from "../call/media";
import { Field } from "./components";
import { useStore } from "./context";

export function DeviceSelects({ local }: { local: LocalMedia }) {
  const { choice, camera, microphone } = useStore(local.store);
  const [devices, setDevices] = useState<Devices>({ cameras: [], microphones: [] });

  // Labels are available only after a device was opened, so the list is then reloaded.
  // biome-ignore lint/correctness/useExhaustiveDependencies: opening a track triggers the reload.
  useEffect(() => {
    const refresh = () => void listDevices().then(setDevices);
    refresh();
    navigator.mediaDevices?.addEventListener("devicechange", refresh);
    return () => navigator.mediaDevices?.removeEventListener("devicechange", refresh);
  }, [camera, microphone]);

  const select = (kind: DeviceKind, label: string, list: readonly MediaDeviceInfo[]) => (
    <Field label={label}>
      <select
        value={choice[kind] ?? ""}
        onChange={(event) => void local.chooseDevice(kind, event.target.value)}
      >
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
    </div>
  );
}
