/** Registers the service worker after the page has loaded; without https there is none. */
export function registerServiceWorker(): void {
  if (!("serviceWorker" in navigator)) return;
  window.addEventListener("load", () => {
    // Private windows of some browsers refuse; everything but notifications works without it.
    navigator.serviceWorker.register("/service-worker.js").catch(() => undefined);
  });
}
