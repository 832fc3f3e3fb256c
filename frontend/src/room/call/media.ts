export type DeviceKind = "camera" | "microphone";

/** Why a device cannot be used, grouped by what the user can do about it. */
export type DeviceError = "denied" | "system" | "missing" | "busy" | "insecure" | "unknown";

export interface Devices {
  cameras: MediaDeviceInfo[];
  microphones: MediaDeviceInfo[];
  /** Empty where the browser cannot play to a chosen loudspeaker. */
  speakers: MediaDeviceInfo[];
}

/** Device ids; null is the browser's default. */
export interface DeviceChoice {
  camera: string | null;
  microphone: string | null;
  speaker: string | null;
}

/**
 * The kind of a getUserMedia error. `isGranted` is whether the browser itself allows the device: a
 * refusal then comes from the operating system's privacy settings.
 */
export function deviceErrorOf(error: unknown, isGranted = false): DeviceError {
  const { name, message } = error instanceof Error ? error : { name: "", message: "" };
  switch (name) {
    case "NotAllowedError":
    case "SecurityError":
      // Chromium says "Permission denied by system".
      return isGranted || /by system/i.test(message) ? "system" : "denied";
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

function constraints(kind: DeviceKind, device: string | null): MediaStreamConstraints {
  // Chromium may ignore an "ideal" microphone and open the default one.
  const id = device ? { deviceId: { exact: device } } : {};
  if (kind === "microphone") {
    return { audio: { ...id, echoCancellation: true, noiseSuppression: true } };
  }
  return { video: { ...id, width: { ideal: 1280 }, height: { ideal: 720 }, frameRate: 24 } };
}

/** Opens the camera or microphone; throws MediaError. */
export async function openTrack(
  kind: DeviceKind,
  device: string | null,
): Promise<MediaStreamTrack> {
  // Undefined outside a secure context, such as plain HTTP from another host.
  if (!navigator.mediaDevices) throw new MediaError("insecure");
  try {
    const stream = await openStream(kind, device);
    const [track] = stream.getTracks();
    if (track) return track;
  } catch (error) {
    throw new MediaError(deviceErrorOf(error, await isGranted(kind)));
  }
  throw new MediaError("missing");
}

/** Falls back to the default device when the chosen one is no longer there. */
async function openStream(kind: DeviceKind, device: string | null): Promise<MediaStream> {
  try {
    return await navigator.mediaDevices.getUserMedia(constraints(kind, device));
  } catch (error) {
    if (!device || !(error instanceof Error) || error.name !== "OverconstrainedError") throw error;
    return navigator.mediaDevices.getUserMedia(constraints(kind, null));
  }
}

/** Whether the page has the browser's permission; false where the browser does not tell. */
async function isGranted(kind: DeviceKind): Promise<boolean> {
  try {
    const { state } = await navigator.permissions.query({ name: kind as PermissionName });
    return state === "granted";
  } catch {
    return false;
  }
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
    speakers: canChooseSpeaker()
      ? identified.filter((device) => device.kind === "audiooutput")
      : [],
  };
}

function canChooseSpeaker(): boolean {
  return "setSinkId" in HTMLMediaElement.prototype;
}

/** Plays an element to the chosen loudspeaker, or to the default when that one is gone. */
export async function setSpeaker(player: HTMLMediaElement, device: string | null): Promise<void> {
  if (!canChooseSpeaker() || player.sinkId === (device ?? "")) return;
  await player.setSinkId(device ?? "").catch(() => player.setSinkId(""));
}
