import { describe, expect, it, vi } from "vitest";
import { type HistoryApi, UndoHistory } from "./undo-history";

function fakeApi() {
  const trigger = vi.fn();
  const stacks = {
    undoStack: [] as string[],
    redoStack: [] as string[],
    onHistoryChangedEmitter: { trigger },
  };
  const api = { history: { clear: () => {}, stacks: () => stacks } } as unknown as HistoryApi;
  return { api, stacks, trigger };
}

describe("UndoHistory", () => {
  it("gives each page the history that it had", () => {
    const { api, stacks, trigger } = fakeApi();
    const history = new UndoHistory();
    stacks.undoStack.push("stroke");
    stacks.redoStack.push("text");
    history.save(api, "1");
    history.restore(api, "2");
    expect([stacks.undoStack, stacks.redoStack]).toEqual([[], []]);
    expect(trigger).toHaveBeenLastCalledWith({ isUndoStackEmpty: true, isRedoStackEmpty: true });
    history.restore(api, "1");
    expect([stacks.undoStack, stacks.redoStack]).toEqual([["stroke"], ["text"]]);
    expect(trigger).toHaveBeenLastCalledWith({ isUndoStackEmpty: false, isRedoStackEmpty: false });
  });

  it("gives a new Excalidraw the history of the old one", () => {
    const [old, fresh] = [fakeApi(), fakeApi()];
    const history = new UndoHistory();
    old.stacks.undoStack.push("stroke");
    history.save(old.api, "1");
    history.restore(fresh.api, "1");
    expect(fresh.stacks.undoStack).toEqual(["stroke"]);
  });
});
