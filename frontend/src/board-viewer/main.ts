import "../room/excalidraw-asset-path";

// A dynamic import, because Excalidraw's modules read the font path when they load.
void import("./viewer").then(({ showBoard }) => showBoard());
