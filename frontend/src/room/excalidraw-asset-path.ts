import { assetUrl } from "./asset-url";

declare global {
  interface Window {
    EXCALIDRAW_ASSET_PATH?: string;
  }
}

// Must be imported before Excalidraw, which otherwise loads its fonts from another host.
window.EXCALIDRAW_ASSET_PATH = assetUrl("excalidraw/");
