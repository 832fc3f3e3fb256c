import "./asset-path";
import "./styles/room.css";
import "./styles/panel.css";
import "./styles/gates.css";
import { createRoot } from "react-dom/client";
import { readConfig } from "./config";
import { App } from "./ui/app";

const host = document.getElementById("room");
if (host) {
  host.classList.add("kr-room");
  createRoot(host).render(<App config={readConfig()} />);
}
