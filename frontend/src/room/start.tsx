import { createRoot } from "react-dom/client";
import { readConfig } from "./config";
import { App } from "./ui/app";

export function start(): void {
  const host = document.getElementById("room");
  if (!host) return;
  host.classList.add("kr-room");
  // Kept by the browser and shown again by "back": its sockets are closed, so it starts anew.
  addEventListener("pageshow", ({ persisted }) => persisted && location.reload());
  createRoot(host).render(<App config={readConfig()} />);
}
