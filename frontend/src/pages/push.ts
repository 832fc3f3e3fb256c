import { createRequest, errorMessage, json, type Request } from "../shared/api";
import { gettext } from "../shared/gettext";
import { announce } from "./dom";

const URL_OF_SUBSCRIPTION = "/api/me/push/";
type State = "unsupported" | "denied" | "off" | "on";

/** The part of the notification settings about this browser. */
export async function initPush(section: HTMLElement): Promise<void> {
  const token = document.querySelector<HTMLInputElement>("[name=csrfmiddlewaretoken]")?.value;
  const panel = new PushPanel(section, createRequest(token ?? ""));
  await panel.start();
}

class PushPanel {
  private publicKey = "";

  constructor(
    private readonly section: HTMLElement,
    private readonly request: Request,
  ) {}

  async start(): Promise<void> {
    this.button("on").addEventListener("click", () => this.run(() => this.turnOn()));
    this.button("off").addEventListener("click", () => this.run(() => this.turnOff()));
    this.button("test").addEventListener("click", () => this.run(() => this.test()));
    await this.run(async () => this.show(await this.findState()));
  }

  private button(name: string): HTMLButtonElement {
    const found = this.section.querySelector<HTMLButtonElement>(`[data-push-${name}]`);
    if (!found) throw new Error(`no button ${name}`);
    return found;
  }

  private async findState(): Promise<State> {
    if (!("serviceWorker" in navigator) || !("PushManager" in window)) return "unsupported";
    if (Notification.permission === "denied") return "denied";
    const { public_key, subscribed } = await (await this.request(URL_OF_SUBSCRIPTION)).json();
    this.publicKey = public_key;
    const registration = await navigator.serviceWorker.ready;
    const own = await registration.pushManager.getSubscription();
    return subscribed && own ? "on" : "off";
  }

  private async turnOn(): Promise<void> {
    if ((await Notification.requestPermission()) !== "granted") {
      this.show(await this.findState());
      return;
    }
    const { pushManager } = await navigator.serviceWorker.ready;
    // One of another key, or of somebody else who used this browser, cannot be used again.
    await (await pushManager.getSubscription())?.unsubscribe();
    const subscription = await pushManager.subscribe({
      userVisibleOnly: true,
      applicationServerKey: this.publicKey,
    });
    await this.request(URL_OF_SUBSCRIPTION, json("PUT", subscription.toJSON()));
    this.show("on");
  }

  private async turnOff(): Promise<void> {
    await this.request(URL_OF_SUBSCRIPTION, { method: "DELETE" });
    const registration = await navigator.serviceWorker.ready;
    await (await registration.pushManager.getSubscription())?.unsubscribe();
    this.show("off");
  }

  private async test(): Promise<void> {
    await this.request(`${URL_OF_SUBSCRIPTION}test/`, { method: "POST" });
    this.say(gettext("Sent. If nothing appears, check the notification settings of your system."));
  }

  private show(state: State): void {
    this.button("on").hidden = state !== "off";
    this.button("off").hidden = this.button("test").hidden = state !== "on";
    this.say(
      {
        unsupported: gettext("This browser can’t show notifications of websites."),
        denied: gettext("You have blocked notifications of this website in your browser."),
        off: gettext("Reminders don’t appear in this browser."),
        on: gettext("Reminders appear in this browser until you sign out."),
      }[state],
    );
  }

  private say(text: string): void {
    const status = this.section.querySelector("[data-push-status]");
    if (status) status.textContent = text;
    announce(text);
  }

  private async run(action: () => Promise<void>): Promise<void> {
    try {
      await action();
    } catch (error) {
      this.say(errorMessage(error, gettext("That didn’t work. Try again later.")));
    }
  }
}
