import type { ExcalidrawElement } from "@excalidraw/excalidraw/element/types";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import * as Y from "yjs";

// Excalidraw needs a browser; its rules for two versions of an element are repeated here.
vi.mock("@excalidraw/excalidraw", () => ({
  CaptureUpdateAction: { NEVER: "never" },
  restoreElements: (elements: unknown) => elements,
  reconcileElements: (
    local: readonly ExcalidrawElement[],
    remote: readonly ExcalidrawElement[],
    state: { editingTextElement: { id: string } | null },
  ) => {
    const all = new Map(local.map((element) => [element.id, element]));
    for (const theirs of remote) {
      const ours = all.get(theirs.id);
      const keeps =
        ours && (ours.id === state.editingTextElement?.id || ours.version > theirs.version);
      if (!keeps) all.set(theirs.id, theirs);
    }
    return [...all.values()];
  },
}));
vi.mock("./after-paint", () => ({
  afterPaint: (callback: () => void) => {
    const timer = setTimeout(callback, 16);
    return () => clearTimeout(timer);
  },
}));

const { PageBinding } = await import("./binding");

function rectangle(version: number, part: Record<string, unknown> = {}): ExcalidrawElement {
  const base = { id: "a", type: "rectangle", x: 0, y: 0, width: 10, height: 10, angle: 0 };
  return { ...base, version, versionNonce: version, isDeleted: false, ...part } as never;
}

class FakeScene {
  elements: ExcalidrawElement[] = [];
  edited: string | null = null;

  getSceneElementsIncludingDeleted = () => this.elements;
  getAppState = () => ({ editingTextElement: this.edited ? { id: this.edited } : null });
  updateScene = ({ elements }: { elements: ExcalidrawElement[] }) => {
    this.elements = elements;
  };
}

function bind() {
  const map = new Y.Doc().getMap<unknown>("elements:1");
  map.set("a", rectangle(1));
  const scene = new FakeScene();
  const events = { onTooLarge() {}, onLocked() {}, onFirstContent() {} };
  const binding = new PageBinding(scene as never, map, () => false, events);
  const changeElsewhere = (version: number, part: Record<string, unknown>) => {
    map.doc?.transact(() => map.set("a", rectangle(version, part)), "remote");
    vi.advanceTimersByTime(100);
  };
  const finish = () => {
    scene.edited = null;
    binding.scheduleFlush();
    vi.advanceTimersByTime(2000);
  };
  return { map, scene, binding, changeElsewhere, finish };
}

describe("a remote change to an element that is being edited", () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it("is shown once the editing ends without a change", () => {
    const { scene, changeElsewhere, finish } = bind();
    scene.edited = "a";
    changeElsewhere(2, { x: 50 });
    expect(scene.elements[0]).toMatchObject({ x: 0, version: 1 });
    finish();
    expect(scene.elements[0]).toMatchObject({ x: 50, version: 2 });
  });

  it("loses against what was changed here meanwhile", () => {
    const { map, scene, changeElsewhere, finish } = bind();
    scene.edited = "a";
    changeElsewhere(5, { x: 50 });
    scene.elements = [rectangle(2, { width: 99 })];
    finish();
    expect(scene.elements[0]).toMatchObject({ width: 99, x: 0, version: 6 });
    expect(map.get("a")).toMatchObject({ width: 99, x: 0, version: 6 });
  });

  it("is applied at once when it deletes the element", () => {
    const { map, scene } = bind();
    scene.edited = "a";
    map.doc?.transact(() => map.delete("a"), "remote");
    vi.advanceTimersByTime(100);
    expect(scene.elements).toEqual([]);
  });

  it("is applied at once to other elements", () => {
    const { map, scene } = bind();
    scene.edited = "a";
    map.doc?.transact(() => map.set("b", rectangle(1, { id: "b" })), "remote");
    vi.advanceTimersByTime(100);
    expect(scene.elements.map(({ id }) => id)).toEqual(["a", "b"]);
  });
});
