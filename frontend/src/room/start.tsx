import { createRoot } from "react-dom/client";
import { readConfig } from "./config";
import { App } from "./ui/app";

export function start(): void {
  const host = document.getElementById("room");
  if (!host) return;
  host.classList.add("kr-room");
  // A page restored from the back-forward cache has closed sockets, so it is reloaded.
  addEventListener("pageshow", ({ persisted }) => persisted && location.reload());
  createRoot(host).render(<App config={readConfig()} />);
}
