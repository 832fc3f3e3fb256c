import type { ExcalidrawImperativeAPI } from "@excalidraw/excalidraw/types";

/** Excalidraw's undo history, which excalidraw-patches.ts adds to its API. */
interface Stacks {
  readonly undoStack: unknown[];
  readonly redoStack: unknown[];
  readonly onHistoryChangedEmitter: {
    trigger(event: { isUndoStackEmpty: boolean; isRedoStackEmpty: boolean }): void;
  };
}

interface Saved {
  undo: readonly unknown[];
  redo: readonly unknown[];
}

export type HistoryApi = Pick<ExcalidrawImperativeAPI, "history">;

function stacksOf(api: HistoryApi): Stacks {
  return (api.history as unknown as { stacks(): Stacks }).stacks();
}

/**
 * Keeps the undo history of each page while another page is shown or Excalidraw is mounted anew.
 * Excalidraw has one history, whose entries fit only the page on which they were made.
 */
export class UndoHistory {
  #pages = new Map<string, Saved>();

  save(api: HistoryApi, page: string): void {
    const { undoStack, redoStack } = stacksOf(api);
    this.#pages.set(page, { undo: [...undoStack], redo: [...redoStack] });
  }

  restore(api: HistoryApi, page: string): void {
    const stacks = stacksOf(api);
    const { undo, redo } = this.#pages.get(page) ?? { undo: [], redo: [] };
    stacks.undoStack.splice(0, Infinity, ...undo);
    stacks.redoStack.splice(0, Infinity, ...redo);
    stacks.onHistoryChangedEmitter.trigger({
      isUndoStackEmpty: undo.length === 0,
      isRedoStackEmpty: redo.length === 0,
    });
  }
}
