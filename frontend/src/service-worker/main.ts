/**
 * The service worker: shows notifications, and a page that says so when the server cannot be reached.
 * It caches that page alone; every other page may be private.
 */

const worker = self as unknown as ServiceWorkerGlobalScope;
const CACHE = "offline-1";
const OFFLINE = "/offline/";

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

async function open(path: string): Promise<void> {
  const url = new URL(path, worker.location.origin);
  const target = url.origin === worker.location.origin ? url.href : worker.location.origin;
  const windows = await worker.clients.matchAll({ type: "window" });
  const shown = windows.find((each) => each.url === target);
  await (shown ? shown.focus() : worker.clients.openWindow(target));
}
