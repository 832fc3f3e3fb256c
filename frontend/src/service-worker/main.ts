/**
 * The service worker: shows notifications, and a page that says so when the server cannot be reached.
 * It caches that page alone; every other page may be private.
 */

const worker = self as unknown as ServiceWorkerGlobalScope;
const CACHE = "offline-1";
const OFFLINE = "/offline/";
const SUBSCRIPTION = "/api/me/push/";

interface PushState {
  public_key: string;
  subscribed: boolean;
}

interface PushMessage {
  title: string;
  body: string;
  url: string;
  tag: string;
}

worker.addEventListener("install", (event) => {
  event.waitUntil(cacheOfflinePage());
});

worker.addEventListener("activate", (event) => {
  event.waitUntil(takeOver());
});

worker.addEventListener("fetch", (event) => {
  if (event.request.mode === "navigate" && event.request.method === "GET") {
    event.respondWith(fetchPage(event));
  }
});

worker.addEventListener("push", (event) => {
  const message = event.data?.json() as PushMessage | undefined;
  if (message) event.waitUntil(show(message));
});

worker.addEventListener("notificationclick", (event) => {
  event.notification.close();
  event.waitUntil(open(String(event.notification.data ?? "/")));
});

worker.addEventListener("pushsubscriptionchange", (event) => {
  (event as ExtendableEvent).waitUntil(renewSubscription());
});

async function cacheOfflinePage(): Promise<void> {
  const cache = await caches.open(CACHE);
  // Without cookies, so that it is nobody's page.
  await cache.add(new Request(OFFLINE, { credentials: "omit", cache: "reload" }));
  await worker.skipWaiting();
}

async function takeOver(): Promise<void> {
  for (const name of await caches.keys()) {
    if (name !== CACHE) await caches.delete(name);
  }
  await worker.registration.navigationPreload?.enable();
  await worker.clients.claim();
}

async function fetchPage(event: FetchEvent): Promise<Response> {
  try {
    return ((await event.preloadResponse) as Response | undefined) ?? (await fetch(event.request));
  } catch (error) {
    const page = await caches.match(OFFLINE);
    if (!page) throw error;
    return page;
  }
}

/** A message with the tag of one that is still shown replaces it. */
async function show({ title, body, url, tag }: PushMessage): Promise<void> {
  await worker.registration.showNotification(title, { body, tag, data: url });
}

/**
 * The push service has ended the subscription. While the session that made it goes on, it gets a new
 * one; it ends with the session.
 */
async function renewSubscription(): Promise<void> {
  const answer = await fetch(SUBSCRIPTION);
  if (!answer.ok) return;
  const { public_key, subscribed } = (await answer.json()) as PushState;
  const settings = subscribed ? await (await fetch("/settings/notifications/")).text() : "";
  const token = /name="csrfmiddlewaretoken" value="([^"]+)"/.exec(settings)?.[1];
  if (!token) return;
  const { pushManager } = worker.registration;
  const known = await pushManager.getSubscription();
  const subscription =
    known ??
    (await pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: public_key }));
  await fetch(SUBSCRIPTION, {
    method: "PUT",
    headers: { "Content-Type": "application/json", "X-CSRFToken": token },
    body: JSON.stringify(subscription),
  });
}

async function open(path: string): Promise<void> {
  const url = new URL(path, worker.location.origin);
  const target = url.origin === worker.location.origin ? url.href : worker.location.origin;
  const windows = await worker.clients.matchAll({ type: "window" });
  const shown = windows.find((each) => each.url === target);
  await (shown ? shown.focus() : worker.clients.openWindow(target));
}
