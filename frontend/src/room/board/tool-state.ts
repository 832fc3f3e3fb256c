import type { AppState } from "@excalidraw/excalidraw/types";

type Setting = Extract<keyof AppState, `currentItem${string}` | "penMode" | "penDetected">;

/** The chosen tool and its settings, as Excalidraw's initial state. */
export type ToolState = Pick<AppState, "activeTool"> & Partial<Pick<AppState, Setting>>;

/** The pen, since a lesson begins by writing. */
export function initialTools(): ToolState {
  return {
    activeTool: { type: "freedraw", customType: null, locked: false, lastActiveTool: null },
  } as ToolState;
}

export function readTools(state: AppState): ToolState {
  const settings = Object.entries(state).filter(
    ([name]) => name.startsWith("currentItem") || name === "penMode" || name === "penDetected",
  );
  return { activeTool: state.activeTool, ...Object.fromEntries(settings) };
}
