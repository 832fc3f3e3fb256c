import { CaptureUpdateAction, reconcileElements, restoreElements } from "@excalidraw/excalidraw";
import type {
  ExcalidrawElement,
  OrderedExcalidrawElement,
} from "@excalidraw/excalidraw/element/types";
import type { AppState, ExcalidrawImperativeAPI } from "@excalidraw/excalidraw/types";
import type * as Y from "yjs";
import { Agreed, asRead, inParts, isTooLarge, readElements, weigh } from "./elements";

const PART = 256 * 1024;
/** A long stroke is sent whole each time, so it is sent less often the longer it is. */
const BYTES_PER_MS = 300;
const SOONEST = 40;
const LATEST = 1000;

type Remote = Parameters<typeof reconcileElements>[1];

export interface PageEvents {
  /** Something was too large for the document and has been taken back. */
  refused(): void;
  /** The page was empty, and somebody else put something on it. */
  appeared(): void;
}

/** In somebody's hand just now: what the others did to it must wait until it is let go. */
function isInHand(element: ExcalidrawElement, state: AppState): boolean {
  const { editingTextElement, resizingElement, newElement } = state;
  return [editingTextElement, resizingElement, newElement].some((held) => held?.id === element.id);
}

/** Fills in what an older client left out. Deleted elements stay as they are. */
function restored(elements: readonly ExcalidrawElement[]): OrderedExcalidrawElement[] {
  const options = { refreshDimensions: false, repairBindings: false };
  const live = elements.filter((element) => !element.isDeleted);
  const dead = elements.filter((element) => element.isDeleted) as OrderedExcalidrawElement[];
  const finished = new Set(live.filter(isFinishedStroke).map(({ id }) => id));
  const filled = restoreElements(live, null, options).map((element) =>
    // Restoring takes every stroke for one that is still drawn, and those end short of the pen.
    finished.has(element.id) && element.type === "freedraw"
      ? { ...element, lastCommittedPoint: element.points.at(-1) ?? null }
      : element,
  );
  return [...filled, ...dead];
}

function isFinishedStroke(element: ExcalidrawElement): boolean {
  return element.type === "freedraw" && Boolean(element.lastCommittedPoint);
}

/**
 * Holds one page of the document and Excalidraw's scene equal. Undo is Excalidraw's own: what comes
 * from the document is applied as "never captured", so only one's own strokes are undone.
 */
export class PageBinding {
  #agreed = new Agreed();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #incoming = new Set<string>();
  #incomingTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly api: ExcalidrawImperativeAPI,
    private readonly map: Y.Map<unknown>,
    private readonly tell: PageEvents,
  ) {
    this.#show([], readElements(map));
    api.history.clear();
    map.observe(this.#observed);
  }

  /** Something in the scene may have changed. */
  changed(): void {
    if (this.#timer !== undefined) return;
    const mine = this.#mine();
    if (!mine.length) return;
    const wait = Math.min(LATEST, Math.max(SOONEST, weigh(mine) / BYTES_PER_MS));
    this.#timer = setTimeout(() => this.flush(), wait);
  }

  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const mine = this.#mine();
    const large = new Set(mine.filter(isTooLarge));
    for (const part of inParts(
      mine.filter((element) => !large.has(element)),
      PART,
    )) {
      this.map.doc?.transact(() => {
        // As others will read it, and a copy: the next movement of the pen changes the scene's.
        for (const element of part) this.map.set(element.id, asRead(element));
      }, this);
      this.#agreed.note(part);
    }
    if (large.size) this.#takeBack(large);
  }

  destroy(): void {
    this.flush();
    clearTimeout(this.#incomingTimer);
    this.map.unobserve(this.#observed);
  }

  #mine(): ExcalidrawElement[] {
    return this.#agreed.changed(this.api.getSceneElementsIncludingDeleted(), this.map);
  }

  /** To what the document has of it. */
  #takeBack(large: ReadonlySet<ExcalidrawElement>): void {
    const state = this.api.getAppState();
    const ids = [...large].filter((element) => !isInHand(element, state)).map(({ id }) => id);
    if (!ids.length) return;
    const scene = this.api.getSceneElementsIncludingDeleted();
    this.#show(
      scene.filter(({ id }) => !ids.includes(id)),
      readElements(this.map, ids),
    );
    this.tell.refused();
  }

  readonly #observed = (event: Y.YMapEvent<unknown>, transaction: Y.Transaction): void => {
    if (transaction.origin === this) return;
    for (const id of event.keysChanged) this.#incoming.add(id);
    this.#incomingTimer ??= setTimeout(() => this.#apply(), 8);
  };

  #apply(): void {
    const ids = this.#incoming;
    this.#incoming = new Set();
    this.#incomingTimer = undefined;
    const state = this.api.getAppState();
    // Untouched here since the last agreement: the document is right, even where its version is
    // lower, as after a step back in the history. Touched here: Excalidraw's rule decides.
    const local = this.api.getSceneElementsIncludingDeleted().filter((element) => {
      if (!ids.has(element.id)) return true;
      if (!this.map.has(element.id)) return false;
      return isInHand(element, state) || !this.#agreed.holds(element);
    });
    this.#show(local, readElements(this.map, ids));
    if (!local.length) this.tell.appeared();
    this.changed();
  }

  #show(local: readonly OrderedExcalidrawElement[], remote: readonly ExcalidrawElement[]): void {
    this.#agreed.note(remote);
    // The brand only says that an element came from elsewhere, as these did.
    const known = restored(remote) as unknown as Remote;
    const elements = reconcileElements(local, known, this.api.getAppState());
    this.api.updateScene({ elements, captureUpdate: CaptureUpdateAction.NEVER });
  }
}
