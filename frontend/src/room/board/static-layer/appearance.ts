import type {
  ExcalidrawElement,
  NonDeletedExcalidrawElement,
} from "@excalidraw/excalidraw/element/types";
import type { StaticSceneRenderConfig } from "@excalidraw/excalidraw/scene/types";
import type { Appearance } from "./layer-plan";

export type StaticScene = StaticSceneRenderConfig;

/** Excalidraw's caches of what an element looks like, which it drops when that is outdated. */
export interface DrawingCaches {
  shape(element: ExcalidrawElement): unknown;
  bitmap(element: ExcalidrawElement): unknown;
}

/** Whether elements are drawn in a way that is not described by their appearances. */
export function isSpecial({ appState, renderConfig }: StaticScene): boolean {
  return Boolean(
    renderConfig.pendingFlowchartNodes?.length ||
      appState.croppingElementId ||
      // While elements are moved into a frame or out of it, others decide whether each is clipped.
      appState.frameToHighlight ||
      appState.selectedElementsAreBeingDragged ||
      appState.openDialog?.name === "elementLinkSelector",
  );
}

/** The values on which the drawing of the background and of every element depends. */
export function viewAppearance({ canvas, scale, appState, renderConfig }: StaticScene): Appearance {
  const { frameRendering } = appState;
  return [
    ...[canvas.width, canvas.height, scale, window.devicePixelRatio],
    ...[appState.scrollX, appState.scrollY, appState.zoom.value, appState.shouldCacheIgnoreZoom],
    ...[appState.theme, appState.viewBackgroundColor, renderConfig.canvasBackgroundColor],
    ...[renderConfig.renderGrid, appState.gridSize, appState.gridStep],
    ...[frameRendering.enabled, frameRendering.outline, frameRendering.name, frameRendering.clip],
  ];
}

export function appearance(
  element: NonDeletedExcalidrawElement,
  scene: StaticScene,
  caches: DrawingCaches,
): Appearance {
  const look = ownAppearance(element, scene, caches);
  const { elementsMap, allElementsMap, appState, renderConfig } = scene;
  if (element.type === "image" && element.fileId) {
    look.push(renderConfig.imageCache.get(element.fileId));
  }
  if (element.link) look.push(element.link, appState.selectedElementIds[element.id]);
  if (element.type === "text" && element.containerId) {
    look.push(elementsMap.has(element.containerId));
  }
  const label = element.boundElements?.find(({ type }) => type === "text")?.id;
  if (label === undefined) return look;
  // A label that is being edited is only in the second of the two.
  for (const map of [elementsMap, allElementsMap]) {
    const text = map.get(label);
    look.push(...(text ? ownAppearance(text, scene, caches) : [null]));
  }
  return look;
}

function ownAppearance(
  element: NonDeletedExcalidrawElement,
  { elementsMap, renderConfig }: StaticScene,
  caches: DrawingCaches,
): unknown[] {
  const { id, version, versionNonce, frameId } = element;
  const erased = renderConfig.elementsPendingErasure;
  const [shape, bitmap] = [caches.shape(element), caches.bitmap(element)];
  const look: unknown[] = [element, version, versionNonce, shape, bitmap, erased.has(id)];
  if (frameId) {
    const frame = elementsMap.get(frameId);
    look.push(frame, frame?.version, frame?.versionNonce, erased.has(frameId));
  }
  return look;
}
