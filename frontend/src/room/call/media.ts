/** Why a device cannot be used, in the terms of what a person can do about it. */
export type DeviceError = "denied" | "missing" | "busy" | "insecure" | "unknown";

export interface Devices {
  cameras: MediaDeviceInfo[];
  microphones: MediaDeviceInfo[];
}

export interface Choice {
  camera: string | null;
  microphone: string | null;
}

export function deviceErrorOf(error: unknown): DeviceError {
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
  // "ideal": a device that is gone since last time gives way to another.
  const id = device ? { deviceId: { ideal: device } } : {};
  if (kind === "microphone") {
    return { audio: { ...id, echoCancellation: true, noiseSuppression: true } };
  }
  return { video: { ...id, width: { ideal: 1280 }, height: { ideal: 720 }, frameRate: 24 } };
}

/** Throws MediaError. */
export async function openTrack(
  kind: "camera" | "microphone",
  device: string | null,
): Promise<MediaStreamTrack> {
  // Absent where the page came over plain http from another machine.
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

/** Null where the person closed the browser's question. */
export async function openScreen(): Promise<MediaStreamTrack | null> {
  try {
    const stream = await navigator.mediaDevices.getDisplayMedia({
      video: { frameRate: 15 },
      audio: false,
    });
    const [track] = stream.getVideoTracks();
    // Text must stay readable: rather fewer frames than a blurred one.
    if (track) track.contentHint = "detail";
    return track ?? null;
  } catch (error) {
    if (deviceErrorOf(error) === "denied") return null;
    throw new MediaError(deviceErrorOf(error));
  }
}

export async function listDevices(): Promise<Devices> {
  const all = (await navigator.mediaDevices?.enumerateDevices()) ?? [];
  // Until a permission is given they are there without a name or an id.
  const known = all.filter((device) => device.deviceId);
  return {
    cameras: known.filter((device) => device.kind === "videoinput"),
    microphones: known.filter((device) => device.kind === "audioinput"),
  };
}
