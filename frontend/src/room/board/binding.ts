import { CaptureUpdateAction, reconcileElements, restoreElements } from "@excalidraw/excalidraw";
import type {
  ExcalidrawElement,
  OrderedExcalidrawElement,
} from "@excalidraw/excalidraw/element/types";
import type { AppState, ExcalidrawImperativeAPI } from "@excalidraw/excalidraw/types";
import type * as Y from "yjs";
import { afterPaint } from "./after-paint";
import {
  isNewer,
  isTooLarge,
  normaliseElement,
  readElements,
  SyncedVersions,
  splitIntoBatches,
  totalSize,
} from "./elements";

const BATCH_BYTES = 256 * 1024;
/** An element is sent whole each time, so a larger one is sent less often. */
const BYTES_PER_MS = 300;
const MIN_DELAY_MS = 40;
const MAX_DELAY_MS = 1000;

type RemoteElements = Parameters<typeof reconcileElements>[1];

export interface PageEvents {
  /** An element was too large for the document and has been reverted. */
  onTooLarge(): void;
  /** An element may not be changed by this person and has been reverted. */
  onLocked(): void;
  /** Remote elements appeared on a page that was empty. */
  onFirstContent(): void;
}

/** The ids of the elements that are being drawn, typed or resized now. */
function elementsInProgress(state: AppState): Set<string> {
  const { newElement, multiElement, editingTextElement, resizingElement } = state;
  const elements = [newElement, multiElement, editingTextElement, resizingElement];
  return new Set(elements.flatMap((element) => element?.id ?? []));
}

/** The ids of the elements that the user is editing now; remote changes of them wait. */
function editedIds(state: AppState): Set<string> {
  const { editingTextElement, resizingElement, newElement } = state;
  const elements = [editingTextElement, resizingElement, newElement];
  return new Set(elements.flatMap((element) => element?.id ?? []));
}

/** Whether nothing has been typed yet; Excalidraw takes such a text of somebody else for deleted. */
function isEmptyText(element: ExcalidrawElement): boolean {
  return element.type === "text" && !element.text && !element.isDeleted;
}

/**
 * Fills in properties missing from older clients' elements; deleted elements stay unchanged. Nor do
 * versions and places change, as if this person had changed the element, which would then be sent.
 */
function restoreMissingProperties(
  elements: readonly ExcalidrawElement[],
): OrderedExcalidrawElement[] {
  const options = { refreshDimensions: false, repairBindings: false };
  const live = elements.filter((element) => !element.isDeleted);
  const dead = elements.filter((element) => element.isDeleted) as OrderedExcalidrawElement[];
  const given = new Map(live.map((element) => [element.id, element]));
  const filled = restoreElements(live, null, options).map((element) => {
    const original = given.get(element.id) ?? element;
    const { version, versionNonce, index } = original;
    // restoreElements treats every stroke as unfinished, which would be rendered without its end.
    const end =
      element.type === "freedraw" && isFinishedStroke(original)
        ? { lastCommittedPoint: element.points.at(-1) ?? null }
        : {};
    return { ...element, version, versionNonce, index, ...end } as OrderedExcalidrawElement;
  });
  return [...filled, ...dead];
}

function isFinishedStroke(element: ExcalidrawElement): boolean {
  return element.type === "freedraw" && Boolean(element.lastCommittedPoint);
}

/**
 * Keeps one page of the document and Excalidraw's scene in sync. Undo is Excalidraw's own: remote
 * changes are applied with CaptureUpdateAction.NEVER, so undo only affects local changes.
 */
export class PageBinding {
  #lastSynced = new SyncedVersions();
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** Elements that were sent while they were being drawn. */
  #unfinished = new Set<string>();
  #incoming = new Set<string>();
  /** Elements that others changed while this person was editing them. */
  #deferred = new Set<string>();
  #incomingTimer: ReturnType<typeof setTimeout> | undefined;
  #cancelAfterPaint: (() => void) | null = null;

  constructor(
    private readonly api: ExcalidrawImperativeAPI,
    private readonly map: Y.Map<unknown>,
    private readonly isLocked: (id: string) => boolean,
    private readonly events: PageEvents,
  ) {
    this.#updateScene([], readElements(map));
    map.observe(this.#onMapChange);
  }

  /** Call when the scene may have changed; schedules a flush. */
  scheduleFlush(): void {
    this.#deleteDiscarded();
    this.#resumeDeferred();
    if (this.#timer !== undefined) return;
    const changed = this.#localChanges();
    if (!changed.length) return;
    const delay = Math.min(MAX_DELAY_MS, Math.max(MIN_DELAY_MS, totalSize(changed) / BYTES_PER_MS));
    this.#timer = setTimeout(() => this.flush(), delay);
  }

  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const changed = this.#localChanges();
    const drawn = elementsInProgress(this.api.getAppState());
    for (const { id } of changed) if (drawn.has(id)) this.#unfinished.add(id);
    const locked = changed.filter(({ id }) => this.isLocked(id));
    const tooLarge = changed.filter((element) => !locked.includes(element) && isTooLarge(element));
    const refused = new Set([...locked, ...tooLarge]);
    for (const batch of splitIntoBatches(
      changed.filter((element) => !refused.has(element)),
      BATCH_BYTES,
    )) {
      this.map.doc?.transact(() => {
        // Stores a normalised copy, because Excalidraw mutates the scene's element in place.
        for (const element of batch) this.map.set(element.id, normaliseElement(element));
      }, this);
      this.#lastSynced.record(batch);
    }
    if (this.#revert(tooLarge)) this.events.onTooLarge();
    if (this.#revert(locked)) this.events.onLocked();
  }

  /** Shows as locked what has become so, and the other way round. */
  refreshLocks(): void {
    this.flush();
    const scene = this.api.getSceneElementsIncludingDeleted();
    const changed = new Map(
      this.#withLocks(readElements(this.map)).map((element) => [element.id, element.locked]),
    );
    const elements = scene.map((element) => {
      const locked = changed.get(element.id) ?? element.locked;
      return locked === element.locked ? element : { ...element, locked };
    });
    this.api.updateScene({ elements, captureUpdate: CaptureUpdateAction.NEVER });
  }

  destroy(): void {
    this.flush();
    clearTimeout(this.#incomingTimer);
    this.#cancelAfterPaint?.();
    this.map.unobserve(this.#onMapChange);
  }

  #localChanges(): ExcalidrawElement[] {
    const { editingTextElement } = this.api.getAppState();
    const elements = this.api
      .getSceneElementsIncludingDeleted()
      .filter((element) => !(element.id === editingTextElement?.id && isEmptyText(element)));
    return this.#lastSynced.changed(elements, this.map);
  }

  /**
   * Deletes for everyone what Excalidraw dropped while it was drawn, such as the stroke that turned
   * out to be the start of a pinch. Excalidraw forgets such an element without marking it.
   */
  #deleteDiscarded(): void {
    if (!this.#unfinished.size) return;
    const drawn = elementsInProgress(this.api.getAppState());
    const present = new Set(this.api.getSceneElementsIncludingDeleted().map(({ id }) => id));
    const discarded = [...this.#unfinished].filter(
      (id) => !present.has(id) && this.map.has(id) && !this.isLocked(id),
    );
    for (const id of this.#unfinished) {
      if (!present.has(id) || !drawn.has(id)) this.#unfinished.delete(id);
    }
    if (!discarded.length) return;
    this.map.doc?.transact(() => {
      for (const id of discarded) this.map.delete(id);
    }, this);
  }

  /** Replaces the elements with the document's versions of them; returns whether it did. */
  #revert(refused: readonly ExcalidrawElement[]): boolean {
    const edited = editedIds(this.api.getAppState());
    const ids = refused.filter((element) => !edited.has(element.id)).map(({ id }) => id);
    if (!ids.length) return false;
    const scene = this.api.getSceneElementsIncludingDeleted();
    this.#updateScene(
      scene.filter(({ id }) => !ids.includes(id)),
      readElements(this.map, ids),
    );
    return true;
  }

  readonly #onMapChange = (event: Y.YMapEvent<unknown>, transaction: Y.Transaction): void => {
    if (transaction.origin === this) return;
    for (const id of event.keysChanged) this.#incoming.add(id);
    this.#scheduleRemote();
  };

  /** Remote changes wait until the last ones are painted: each time renders the whole scene. */
  #scheduleRemote(): void {
    if (!this.#cancelAfterPaint) this.#incomingTimer ??= setTimeout(() => this.#applyRemote(), 8);
  }

  /**
   * Applies what others changed in elements that are no longer being edited. What this person has
   * changed meanwhile wins, so that no typed text is lost.
   */
  #resumeDeferred(): void {
    if (!this.#deferred.size) return;
    const edited = editedIds(this.api.getAppState());
    const ready = new Set([...this.#deferred].filter((id) => !edited.has(id)));
    if (!ready.size) return;
    const remote = new Map(readElements(this.map, ready).map((element) => [element.id, element]));
    const scene = this.api.getSceneElementsIncludingDeleted();
    const elements = scene.map((element) => {
      const theirs = remote.get(element.id);
      if (!theirs || this.#lastSynced.isUnchanged(element) || isNewer(element, theirs)) {
        return element;
      }
      return { ...element, version: theirs.version + 1 };
    });
    for (const id of ready) {
      this.#deferred.delete(id);
      this.#incoming.add(id);
    }
    if (elements.some((element, index) => element !== scene[index])) {
      this.api.updateScene({ elements, captureUpdate: CaptureUpdateAction.NEVER });
    }
    this.#scheduleRemote();
  }

  #applyRemote(): void {
    const ids = this.#incoming;
    this.#incoming = new Set();
    this.#incomingTimer = undefined;
    const edited = editedIds(this.api.getAppState());
    for (const id of ids) {
      if (!edited.has(id) || !this.map.has(id)) continue;
      ids.delete(id);
      this.#deferred.add(id);
    }
    // An element without local changes takes the document's state, even one with a lower version, as
    // after restoring history. Otherwise Excalidraw's reconciliation decides.
    const local = this.api.getSceneElementsIncludingDeleted().filter((element) => {
      if (!ids.has(element.id)) return true;
      return this.map.has(element.id) && !this.#lastSynced.isUnchanged(element);
    });
    this.#updateScene(local, readElements(this.map, ids));
    if (!local.length) this.events.onFirstContent();
    this.scheduleFlush();
    this.#cancelAfterPaint = afterPaint(() => {
      this.#cancelAfterPaint = null;
      if (this.#incoming.size) this.#scheduleRemote();
    });
  }

  /** Excalidraw lets nobody change a locked element by accident. */
  #withLocks(elements: readonly ExcalidrawElement[]): ExcalidrawElement[] {
    return elements.map((element) =>
      this.isLocked(element.id) ? { ...element, locked: true } : element,
    );
  }

  #updateScene(
    local: readonly OrderedExcalidrawElement[],
    remote: readonly ExcalidrawElement[],
  ): void {
    this.#lastSynced.record(remote);
    // The cast adds Excalidraw's nominal brand of remote elements.
    const shown = restoreMissingProperties(this.#withLocks(remote));
    const remoteElements = shown as unknown as RemoteElements;
    const elements = reconcileElements(local, remoteElements, this.api.getAppState());
    this.api.updateScene({ elements, captureUpdate: CaptureUpdateAction.NEVER });
  }
}
