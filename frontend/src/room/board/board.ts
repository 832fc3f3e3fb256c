import { CaptureUpdateAction, getCommonBounds } from "@excalidraw/excalidraw";
import type { AppState, BinaryFiles, ExcalidrawImperativeAPI } from "@excalidraw/excalidraw/types";
import { Awareness } from "y-protocols/awareness";
import * as Y from "yjs";
import { errorMessage } from "../../shared/api";
import { gettext } from "../../shared/gettext";
import type { BoardRules } from "../protocol";
import { Store } from "../state/store";
import { afterPaint } from "./after-paint";
import { PageBinding } from "./binding";
import type { BoardHandover, BoardOptions, BoardState } from "./board-options";
import { DeletionWatch } from "./deletion-watch";
import { readElements } from "./elements";
import {
  type Following,
  isMoved,
  tutorPresence,
  type Viewport,
  viewOf,
  visibleBox,
} from "./follow";
import { ImageStore } from "./images/image-store";
import { SceneImages } from "./images/scene-images";
import { BoardLocks } from "./locks";
import { addPage, elementsOf, FIRST_PAGE, pagesOf, removePage } from "./pages";
import { collaboratorsOf, MAX_SELECTED, type Presence } from "./presence";
import { BoardProvider } from "./provider";
import { initialTools, readTools, type ToolState } from "./tool-state";
import { UndoHistory } from "./undo-history";
import * as unsentChanges from "./unsent-changes";
import { type Box, initialView, type View } from "./view";

const POINTER_INTERVAL_MS = 40;
const TOO_LARGE_TEXT = gettext("That was too large for the board, so it was removed.");
const LOCKED_TEXT = gettext("The tutor has locked this, so your change was not kept.");
const REWRITTEN_TEXT = gettext(
  "The server has rebuilt this board, so it was opened again. What you had not sent yet has been added.",
);

/** The board's document, its provider, and the binding of the page that is shown. */
export class Board {
  readonly doc = new Y.Doc();
  readonly awareness = new Awareness(this.doc);
  readonly provider: BoardProvider;
  readonly files: ImageStore;
  readonly sceneImages: SceneImages;
  readonly deletions: DeletionWatch;
  readonly locks: BoardLocks;
  readonly store: Store<BoardState>;
  #api: ExcalidrawImperativeAPI | null = null;
  #binding: PageBinding | null = null;
  #views: Map<string, View>;
  #undo: UndoHistory;
  #tools: ToolState;
  #pointerTimer: ReturnType<typeof setTimeout> | undefined;
  #presence: Presence;
  #unsent: unsentChanges.UnsentChanges | null;
  #uploads: BoardHandover["uploads"];
  #afterLock: boolean;
  #synced = false;
  /** The viewport at the last change of the scene, and the view that was set since by the program. */
  #lastViewport: Viewport | null = null;
  #appliedView: View | null = null;
  #gathered: number | undefined;
  #cancelCursors: (() => void) | null = null;

  constructor(options: BoardOptions) {
    const { me, request, root, previous } = options;
    const page = previous?.page ?? FIRST_PAGE;
    this.#views = previous?.views ?? new Map();
    this.#undo = previous?.undo ?? new UndoHistory();
    this.#tools = previous?.tools ?? initialTools();
    this.#unsent = previous?.unsent ?? null;
    this.#uploads = previous?.uploads ?? new Map();
    this.#afterLock = previous?.afterLock ?? false;
    this.locks = new BoardLocks(this.doc, this.awareness, me.person);
    this.store = new Store<BoardState>({
      pages: pagesOf(this.doc),
      page,
      following: previous ? previous.following : options.following,
      problem: null,
    });
    this.provider = new BoardProvider(
      this.doc,
      this.awareness,
      options.getAddress,
      options.onRefused,
    );
    this.files = new ImageStore(this.doc.getMap("files"), request, root, (error) =>
      this.report(error, gettext("The picture could not be saved.")),
    );
    this.sceneImages = new SceneImages(this.files, options.isDark);
    this.deletions = new DeletionWatch(this.doc);
    this.#presence = {
      ...me,
      page,
      pointer: null,
      button: "up",
      selected: {},
      view: null,
      gathered: 0,
    };
    this.awareness.setLocalState(this.#presence);
  }

  start(): void {
    this.doc.getMap("pages").observeDeep(() => this.#onPagesChange());
    this.doc.getMap("files").observe(() => this.#showImages());
    this.awareness.on("change", () => this.#onAwarenessChange());
    addEventListener("pagehide", this.#flush);
    this.provider.link.subscribe(() => this.#onLinkChange());
    this.deletions.start();
    this.provider.start();
  }

  stop(): void {
    this.detach();
    clearTimeout(this.#pointerTimer);
    this.#cancelCursors?.();
    removeEventListener("pagehide", this.#flush);
    this.deletions.stop();
    this.sceneImages.stop();
    this.provider.stop();
    this.awareness.destroy();
    this.doc.destroy();
  }

  /** Leaves the scene and returns what the `Board` that replaces this one needs. */
  handOver({ afterLock }: { afterLock: boolean }): BoardHandover {
    this.detach();
    const { page, following } = this.store.get();
    const rest = { page, following, views: this.#views, tools: this.#tools, afterLock };
    // A change that the rules here allow and the server refuses is not made a third time.
    if (afterLock && this.#afterLock)
      return { ...rest, unsent: null, uploads: new Map(), undo: new UndoHistory() };
    const changes = unsentChanges.readUnsentChanges(this.doc, this.provider.unsentEntries);
    return {
      ...rest,
      unsent: unsentChanges.mergeChanges(this.#unsent ?? {}, changes),
      uploads: new Map([...this.#uploads, ...this.files.release()]),
      undo: this.#undo,
    };
  }

  #onLinkChange(): void {
    if (this.#synced || !this.provider.link.get().synced) return;
    this.#synced = true;
    if (this.#unsent) {
      unsentChanges.writeUnsentChanges(this.doc, this.#unsent, (map, key) =>
        this.locks.isEntryLocked(map, key),
      );
      this.#unsent = null;
      this.showProblem(this.#afterLock ? LOCKED_TEXT : REWRITTEN_TEXT);
    }
    this.#onPagesChange();
  }

  /** Age of the oldest change or image that the server has not received, in ms. */
  oldestUnsentAge(): number {
    return Math.max(this.provider.oldestUnsentAge(), this.files.oldestUploadAge());
  }

  get api(): ExcalidrawImperativeAPI | null {
    return this.#api;
  }

  /** The tool and its settings, for an Excalidraw that is mounted anew. */
  get tools(): ToolState {
    return this.#tools;
  }

  attach(api: ExcalidrawImperativeAPI): void {
    this.detach();
    this.#api = api;
    this.files.adopt(this.#uploads, api);
    this.#uploads = new Map();
    this.#bind();
  }

  detach(): void {
    const api = this.#api;
    if (!api) return;
    this.#unbind(api);
    this.#tools = readTools(api.getAppState());
    this.#api = null;
  }

  onSceneChange(state: AppState, files: BinaryFiles): void {
    if (!this.#api) return;
    this.#binding?.scheduleFlush();
    this.sceneImages.uploadNew(this.#api, files);
    this.#showImages();
    this.#onViewChange(state);
    const ids = Object.keys(state.selectedElementIds).slice(0, MAX_SELECTED);
    if (ids.join() !== Object.keys(this.#presence.selected).join()) {
      this.#publishPresence({ selected: Object.fromEntries(ids.map((id) => [id, true as const])) });
    }
  }

  onPointerUpdate(pointer: Presence["pointer"], button: "up" | "down"): void {
    this.#publishPresence({ pointer, button });
  }

  showPage(page: string): void {
    const { page: current } = this.store.get();
    if (page === current) return;
    const api = this.#api;
    if (api) this.#unbind(api);
    this.store.patch({ page });
    this.#publishPresence({ page, pointer: null });
    if (api) this.#bind();
  }

  /** Turns to a page and stops following the tutor. */
  choosePage(page: string): void {
    this.store.patch({ following: null });
    this.showPage(page);
  }

  setFollowing(following: Following): void {
    this.store.patch({ following });
    this.#followTutor();
  }

  /** Brings everybody to what this tutor sees. */
  gather(): void {
    this.#publishPresence({ gathered: this.#presence.gathered + 1 });
  }

  addPage(): void {
    this.choosePage(addPage(this.doc));
  }

  removePage(id: string): void {
    removePage(this.doc, id);
  }

  /** Follows the rules that the tutor has made for this person; null: there are none. */
  setRules(rules: BoardRules | null): void {
    this.locks.rules = rules;
    this.#binding?.refreshLocks();
  }

  showProblem(problem: string): void {
    this.store.patch({ problem });
  }

  dismissProblem(): void {
    this.store.patch({ problem: null });
  }

  report(error: unknown, fallback: string): void {
    this.showProblem(errorMessage(error, fallback));
  }

  /** Sends pending changes before the browser unloads the page. */
  readonly #flush = (): void => this.#binding?.flush();

  /** Saves what belongs to the shown page and would be lost with Excalidraw's scene. */
  #unbind(api: ExcalidrawImperativeAPI): void {
    this.#binding?.destroy();
    this.#binding = null;
    const { page } = this.store.get();
    this.#views.set(page, toView(api.getAppState()));
    this.#undo.save(api, page);
  }

  #bind(): void {
    const api = this.#api;
    if (!api) return;
    const { page } = this.store.get();
    // The scene still holds the previous page, which must not be written into the new one.
    api.updateScene({ elements: [], captureUpdate: CaptureUpdateAction.NEVER });
    const isLocked = (id: string) => this.locks.isElementLocked(page, id);
    this.#binding = new PageBinding(api, elementsOf(this.doc, page), isLocked, {
      onTooLarge: () => this.showProblem(TOO_LARGE_TEXT),
      onLocked: () => this.showProblem(LOCKED_TEXT),
      onFirstContent: () => {
        const { scrollX, scrollY, zoom } = api.getAppState();
        if (scrollX === 0 && scrollY === 0 && zoom.value === 1) this.#restoreView(api, page);
      },
    });
    this.#undo.restore(api, page);
    api.updateScene({
      appState: {
        selectedElementIds: {},
        collaborators: collaboratorsOf(this.awareness, page),
      } as Pick<AppState, "selectedElementIds">,
      captureUpdate: CaptureUpdateAction.NEVER,
    });
    this.#restoreView(api, page);
    this.#showImages();
  }

  /** Restores the last view of the page, or on the first visit scrolls to its content. */
  #restoreView(api: ExcalidrawImperativeAPI, page: string): void {
    const { width, height } = api.getAppState();
    const elements = readElements(elementsOf(this.doc, page)).filter((one) => !one.isDeleted);
    const boxes = () => elements.map((one): Box => getCommonBounds([one]));
    this.#moveTo(api, this.#views.get(page) ?? initialView(boxes(), width, height));
    this.#followTutor();
  }

  #moveTo(api: ExcalidrawImperativeAPI, view: View): void {
    this.#appliedView = view;
    const { zoom, ...scroll } = view;
    api.updateScene({
      appState: { ...scroll, zoom: { value: zoom as AppState["zoom"]["value"] } } as AppState,
      captureUpdate: CaptureUpdateAction.NEVER,
    });
  }

  /** The tutor's view is sent to the others; moving one's own ends following the tutor's. */
  #onViewChange(state: AppState): void {
    const viewport = { ...toView(state), width: state.width, height: state.height };
    const last = this.#lastViewport;
    this.#lastViewport = viewport;
    if (this.#presence.role === "tutor") {
      const view = visibleBox(viewport);
      if (view?.join() !== this.#presence.view?.join()) this.#publishPresence({ view });
    } else if (last && this.store.get().following === "view") {
      const isOwnMove = [last, this.#appliedView].every(
        (known) => !known || isMoved(viewport, known),
      );
      if (isOwnMove) this.store.patch({ following: "page" });
      else if (last.width !== viewport.width || last.height !== viewport.height)
        this.#followTutor();
    }
  }

  #onPagesChange(): void {
    const pages = pagesOf(this.doc);
    const { page } = this.store.get();
    this.store.patch({ pages });
    const isKnown = !this.#synced || pages.some((known) => known.id === page);
    if (!isKnown) this.showPage(pages[0]?.id ?? FIRST_PAGE);
    else this.#followTutor();
  }

  /** Shows cursors at most once per frame: each time renders the whole scene. */
  #onAwarenessChange(): void {
    this.#cancelCursors ??= afterPaint(() => {
      this.#cancelCursors = null;
      this.#api?.updateScene({
        collaborators: collaboratorsOf(this.awareness, this.store.get().page),
      });
      this.#followTutor();
    });
  }

  #followTutor(): void {
    const tutor = tutorPresence(this.awareness);
    if (!tutor) return;
    this.#joinGathering(tutor.gathered);
    const { following, pages } = this.store.get();
    if (!following || !pages.some((known) => known.id === tutor.page)) return;
    this.showPage(tutor.page);
    if (following === "view" && tutor.view) this.#showView(tutor.view);
  }

  /** What the tutor gathered before this client came does not count. */
  #joinGathering(gathered: number): void {
    if (this.#gathered !== undefined && gathered > this.#gathered) {
      this.store.patch({ following: "view" });
    }
    this.#gathered = gathered;
  }

  #showView(box: Box): void {
    const api = this.#api;
    // The page must not move below a pen.
    if (!api || this.#presence.button === "down") return;
    const { width, height } = api.getAppState();
    const view = viewOf(box, width, height);
    if (isMoved(view, toView(api.getAppState()))) this.#moveTo(api, view);
  }

  /** Sends at most one presence update per POINTER_INTERVAL_MS, always ending with the latest state. */
  #publishPresence(part: Partial<Presence>): void {
    this.#presence = { ...this.#presence, ...part };
    this.#pointerTimer ??= setTimeout(() => {
      this.#pointerTimer = undefined;
      this.awareness.setLocalState(this.#presence);
    }, POINTER_INTERVAL_MS);
  }

  #showImages(): void {
    if (this.#api) void this.sceneImages.show(this.#api);
  }
}

function toView({ scrollX, scrollY, zoom }: AppState): View {
  return { scrollX, scrollY, zoom: zoom.value };
}
