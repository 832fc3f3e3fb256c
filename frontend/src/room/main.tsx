import "./excalidraw-asset-path";
import "./styles/room.css";
import "./styles/panel.css";
import "./styles/people.css";
import "./styles/screens.css";

// A dynamic import, because the bundler may run Excalidraw's modules before this one, and they read
// the font path when they load.
void import("./start").then(({ start }) => start());
