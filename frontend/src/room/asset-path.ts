import { builtFile } from "./built";

declare global {
  interface Window {
    EXCALIDRAW_ASSET_PATH?: string;
  }
}

// Imported before Excalidraw, which would otherwise take its fonts from another host.
window.EXCALIDRAW_ASSET_PATH = builtFile("excalidraw/");
