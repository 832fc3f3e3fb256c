import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { NO_CHOICE } from "./device-choice";
import { LocalMedia } from "./local-media";

/** A microphone track, whose device the test takes away. */
class Track extends EventTarget {
  muted = false;
  enabled = true;
  readyState = "live";
  constructor(readonly device: string) {
    super();
  }
  get label(): string {
    return `Microphone ${this.device}`;
  }
  getSettings = () => (this.readyState === "live" ? { deviceId: this.device } : {});
  stop = () => {
    this.readyState = "ended";
  };
  unplug(): void {
    this.readyState = "ended";
    this.dispatchEvent(new Event("ended"));
  }
  interrupt(muted: boolean): void {
    this.muted = muted;
    this.dispatchEvent(new Event(muted ? "mute" : "unmute"));
  }
}

/** The browser's microphones by id. */
class Microphones extends EventTarget {
  ids = ["built-in", "headset"];
  enumerateDevices = async () =>
    this.ids.map((deviceId) => ({ deviceId, kind: "audioinput", label: deviceId }));
  getUserMedia = async ({ audio }: { audio: { deviceId?: { exact: string } } }) => {
    const [first] = this.ids;
    if (!first) throw new DOMException("none", "NotFoundError");
    const device = audio.deviceId?.exact ?? first;
    if (!this.ids.includes(device)) throw new DOMException("gone", "OverconstrainedError");
    return { getTracks: () => [new Track(device)] };
  };
  change(ids: string[]): void {
    this.ids = ids;
    this.dispatchEvent(new Event("devicechange"));
  }
}

let devices: Microphones;
let page: EventTarget & { visibilityState: string };
let local: LocalMedia;

beforeEach(() => {
  devices = new Microphones();
  page = Object.assign(new EventTarget(), { visibilityState: "visible" });
  vi.stubGlobal("navigator", { mediaDevices: devices });
  vi.stubGlobal("document", page);
  vi.stubGlobal("localStorage", { setItem: vi.fn() });
  vi.stubGlobal("HTMLMediaElement", class {});
  local = new LocalMedia({ ...NO_CHOICE, microphone: "headset" });
  local.watch();
});
afterEach(() => {
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

const track = () => local.store.get().microphone as unknown as Track;

it("replaces an unplugged microphone by the next one and says so", async () => {
  await local.open("microphone");
  const headset = track();
  devices.ids = ["built-in"];
  headset.unplug();
  expect(local.store.get().lost.microphone).toBe(true);
  await vi.waitFor(() => expect(track()?.device).toBe("built-in"));
  const { lost, replacement } = local.store.get();
  expect(lost.microphone).toBe(false);
  expect(replacement).toEqual({ kind: "microphone", label: "Microphone built-in" });
});

it("opens the default microphone when the chosen one is gone", async () => {
  devices.ids = ["built-in"];
  await local.open("microphone");
  expect(track().device).toBe("built-in");
});

it("returns to the unplugged microphone once it is plugged in again", async () => {
  await local.open("microphone");
  devices.ids = ["built-in"];
  track().unplug();
  await vi.waitFor(() => expect(track()?.device).toBe("built-in"));
  const builtIn = track();
  devices.change(["built-in", "headset"]);
  await vi.waitFor(() => expect(track()?.device).toBe("headset"));
  expect(builtIn.readyState).toBe("ended");
});

it("leaves a microphone that ended although it is still plugged in", async () => {
  await local.open("microphone");
  track().unplug();
  await vi.waitFor(() => expect(track()?.device).toBe("built-in"));
  devices.change(["built-in", "headset"]);
  await new Promise((resolve) => setTimeout(resolve));
  expect(track().device).toBe("built-in");
});

it("stays lost without another microphone, and recovers when one appears", async () => {
  await local.open("microphone");
  devices.ids = [];
  track().unplug();
  await vi.waitFor(() => expect(local.store.get().errors.microphone).toBe("missing"));
  expect(local.store.get().lost.microphone).toBe(true);
  devices.change(["usb"]);
  await vi.waitFor(() => expect(track()?.device).toBe("usb"));
  expect(local.store.get().lost.microphone).toBe(false);
});

it("does not replace a microphone that its owner turned off", async () => {
  await local.open("microphone");
  const headset = track();
  local.close("microphone");
  headset.unplug();
  devices.change(["built-in"]);
  await Promise.resolve();
  expect(local.store.get()).toMatchObject({ microphone: null, lost: { microphone: false } });
});

it("keeps a replacement muted if the microphone was muted", async () => {
  await local.open("microphone");
  await local.setMicrophone(false);
  track().unplug();
  await vi.waitFor(() => expect(track()?.device).toBe("built-in"));
  expect(track().enabled).toBe(false);
});

it("reports an interruption until the system gives the microphone back", async () => {
  await local.open("microphone");
  track().interrupt(true);
  expect(local.store.get().interrupted.microphone).toBe(true);
  track().interrupt(false);
  expect(local.store.get().interrupted.microphone).toBe(false);
});

it("opens a microphone anew that is still muted after the page is shown again", async () => {
  await local.open("microphone");
  vi.useFakeTimers();
  const dead = track();
  dead.interrupt(true);
  page.dispatchEvent(new Event("visibilitychange"));
  await vi.advanceTimersByTimeAsync(1500);
  expect(track()).not.toBe(dead);
  expect(dead.readyState).toBe("ended");
  expect(local.store.get().interrupted.microphone).toBe(false);
});
