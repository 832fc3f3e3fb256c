import type { Awareness } from "y-protocols/awareness";
import { type Presence, parsePresence } from "./presence";
import type { Box, View } from "./view";

/** What a person follows the tutor in: page and viewport, the page alone, or nothing. */
export type Following = "view" | "page" | null;

/** Excalidraw's own limits. */
const MIN_ZOOM = 0.1;
const MAX_ZOOM = 30;

export interface Viewport extends View {
  width: number;
  height: number;
}

/** The part of the page that a viewport shows, in whole scene units; null before it has a size. */
export function visibleBox({ scrollX, scrollY, zoom, width, height }: Viewport): Box | null {
  if (!width || !height) return null;
  const [left, top] = [Math.round(-scrollX), Math.round(-scrollY)];
  return [left, top, left + Math.round(width / zoom), top + Math.round(height / zoom)];
}

/** The view that shows all of the box, centred, on a screen of this size. */
export function viewOf([left, top, right, bottom]: Box, width: number, height: number): View {
  const fitting = Math.min(width / (right - left), height / (bottom - top));
  const zoom = Math.min(MAX_ZOOM, Math.max(MIN_ZOOM, fitting));
  return {
    scrollX: width / zoom / 2 - (left + right) / 2,
    scrollY: height / zoom / 2 - (top + bottom) / 2,
    zoom,
  };
}

/** Whether two views differ by more than rounding. */
export function isMoved(one: View, other: View): boolean {
  return (
    Math.abs(one.scrollX - other.scrollX) > 1 ||
    Math.abs(one.scrollY - other.scrollY) > 1 ||
    Math.abs(one.zoom / other.zoom - 1) > 0.01
  );
}

/** The tutor's presence; null when the tutor's board is not open. */
export function tutorPresence(awareness: Awareness): Presence | null {
  for (const [client, value] of awareness.getStates()) {
    const presence = client === awareness.clientID ? null : parsePresence(value);
    if (presence?.role === "tutor") return presence;
  }
  return null;
}
