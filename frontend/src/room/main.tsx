import "./asset-path";
import "./styles/room.css";
import "./styles/panel.css";
import "./styles/screens.css";

// Not a plain import: the bundler may put Excalidraw's own modules in front of this one, and they
// read the path of their fonts as they load.
void import("./start").then(({ start }) => start());
