import { createRoot } from "react-dom/client";
import { readConfig } from "./config";
import { App } from "./ui/app";

export function start(): void {
  const host = document.getElementById("room");
  if (!host) return;
  host.classList.add("kr-room");
  createRoot(host).render(<App config={readConfig()} />);
}
