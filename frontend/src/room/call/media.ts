/** Why a device cannot be used, grouped by what the user can do about it. */
export type DeviceError = "denied" | "missing" | "busy" | "insecure" | "unknown";

export interface Devices {
  cameras: MediaDeviceInfo[];
  microphones: MediaDeviceInfo[];
}

export interface DeviceChoice {
  camera: string | null;
  microphone: string | null;
}

function deviceErrorOf(error: unknown): DeviceError {
  const name = error instanceof Error || error instanceof DOMException ? error.name : "";
  switch (name) {
    case "NotAllowedError":
    case "SecurityError":
      return "denied";
    case "NotFoundError":
    case "OverconstrainedError":
      return "missing";
    case "NotReadableError":
    case "AbortError":
      return "busy";
    default:
      return "unknown";
  }
}

export class MediaError extends Error {
  constructor(readonly reason: DeviceError) {
    super(reason);
  }
}

function constraints(kind: "camera" | "microphone", device: string | null): MediaStreamConstraints {
  // "ideal" falls back to another device when the chosen one is no longer there.
  const id = device ? { deviceId: { ideal: device } } : {};
  if (kind === "microphone") {
    return { audio: { ...id, echoCancellation: true, noiseSuppression: true } };
  }
  return { video: { ...id, width: { ideal: 1280 }, height: { ideal: 720 }, frameRate: 24 } };
}

/** Opens the camera or microphone; throws MediaError. */
export async function openTrack(
  kind: "camera" | "microphone",
  device: string | null,
): Promise<MediaStreamTrack> {
  // Undefined outside a secure context, such as plain HTTP from another host.
  if (!navigator.mediaDevices) throw new MediaError("insecure");
  try {
    const stream = await navigator.mediaDevices.getUserMedia(constraints(kind, device));
    const [track] = stream.getTracks();
    if (track) return track;
  } catch (error) {
    throw new MediaError(deviceErrorOf(error));
  }
  throw new MediaError("missing");
}

/** Opens a screen share; null when the user dismissed the prompt. Throws MediaError. */
export async function openScreen(): Promise<MediaStreamTrack | null> {
  try {
    const stream = await navigator.mediaDevices.getDisplayMedia({
      video: { frameRate: 15 },
      audio: false,
    });
    const [track] = stream.getVideoTracks();
    // Prefer sharpness over frame rate, so that text stays readable.
    if (track) track.contentHint = "detail";
    return track ?? null;
  } catch (error) {
    if (deviceErrorOf(error) === "denied") return null;
    throw new MediaError(deviceErrorOf(error));
  }
}

export async function listDevices(): Promise<Devices> {
  const all = (await navigator.mediaDevices?.enumerateDevices()) ?? [];
  // Before permission is granted, devices are listed without a label or an id.
  const identified = all.filter((device) => device.deviceId);
  return {
    cameras: identified.filter((device) => device.kind === "videoinput"),
    microphones: identified.filter((device) => device.kind === "audioinput"),
  };
}
