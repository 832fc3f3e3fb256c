import { CaptureUpdateAction, getCommonBounds } from "@excalidraw/excalidraw";
import type { AppState, BinaryFiles, ExcalidrawImperativeAPI } from "@excalidraw/excalidraw/types";
import { Awareness } from "y-protocols/awareness";
import * as Y from "yjs";
import { type Request, reasonOf } from "../../shared/api";
import { gettext } from "../../shared/gettext";
import type { Refusal } from "../net/reconnecting-web-socket";
import { Store } from "../state/store";
import { PageBinding } from "./binding";
import { readElements } from "./elements";
import { ImageStore } from "./images/image-store";
import { SceneImages } from "./images/scene-images";
import { addPage, elementsOf, FIRST_PAGE, type Page, pagesOf, removePage } from "./pages";
import { collaboratorsOf, MOST_SELECTED, type Presence, tutorsPage } from "./presence";
import { BoardProvider } from "./provider";
import { type Box, firstView, type View } from "./view";

const POINTER_EVERY = 40;
const TOO_LARGE = gettext(
  "Something was too large for the board and was taken back: the others would not have seen it.",
);

export interface BoardState {
  pages: readonly Page[];
  page: string;
  /** Turn to the page at which the tutor looks. */
  following: boolean;
  problem: string | null;
}

export interface BoardOptions {
  me: { name: string; person: string; role: string };
  request: Request;
  /** Below which `files/` is. */
  root: string;
  address(): Promise<string>;
  refused(why: Refusal): void;
  isDark(): boolean;
}

/** The document of the board, the connection that keeps it, and the one page that is shown. */
export class Board {
  readonly doc = new Y.Doc();
  readonly awareness = new Awareness(this.doc);
  readonly provider: BoardProvider;
  readonly files: ImageStore;
  readonly sceneImages: SceneImages;
  readonly store: Store<BoardState>;
  #api: ExcalidrawImperativeAPI | null = null;
  #binding: PageBinding | null = null;
  #views = new Map<string, View>();
  #pointerTimer: ReturnType<typeof setTimeout> | undefined;
  #presence: Presence;

  constructor(options: BoardOptions) {
    const { me, request, root } = options;
    this.store = new Store<BoardState>({
      pages: pagesOf(this.doc),
      page: FIRST_PAGE,
      following: me.role !== "tutor",
      problem: null,
    });
    this.provider = new BoardProvider(this.doc, this.awareness, options.address, options.refused);
    this.files = new ImageStore(this.doc.getMap("files"), request, root, (why) =>
      this.report(why, gettext("The picture could not be kept.")),
    );
    this.sceneImages = new SceneImages(this.doc, this.files, options.isDark);
    this.#presence = { ...me, page: FIRST_PAGE, pointer: null, button: "up", selected: {} };
    this.awareness.setLocalState(this.#presence);
  }

  start(): void {
    this.doc.getMap("pages").observeDeep(() => this.#pagesChanged());
    this.doc.getMap("files").observe(() => this.#showPictures());
    this.awareness.on("change", () => this.#othersMoved());
    addEventListener("pagehide", this.#flush);
    this.provider.start();
  }

  stop(): void {
    this.detach();
    clearTimeout(this.#pointerTimer);
    removeEventListener("pagehide", this.#flush);
    this.provider.stop();
    this.awareness.destroy();
    this.doc.destroy();
  }

  /** How long the oldest change or picture that the server has not got has waited, in ms. */
  waiting(): number {
    return Math.max(this.provider.waiting(), this.files.waiting());
  }

  get api(): ExcalidrawImperativeAPI | null {
    return this.#api;
  }

  attach(api: ExcalidrawImperativeAPI): void {
    this.#binding?.destroy();
    this.#api = api;
    this.#bind();
  }

  detach(): void {
    this.#binding?.destroy();
    this.#binding = null;
    this.#api = null;
  }

  changed(state: AppState, files: BinaryFiles): void {
    if (!this.#api) return;
    this.#binding?.changed();
    this.sceneImages.offer(this.#api, files);
    this.#showPictures();
    const ids = Object.keys(state.selectedElementIds).slice(0, MOST_SELECTED);
    if (ids.join() !== Object.keys(this.#presence.selected).join()) {
      this.#publishPresence({ selected: Object.fromEntries(ids.map((id) => [id, true as const])) });
    }
  }

  pointer(pointer: Presence["pointer"], button: "up" | "down"): void {
    this.#publishPresence({ pointer, button });
  }

  turnTo(page: string): void {
    const { page: current } = this.store.get();
    if (page === current) return;
    const api = this.#api;
    if (api) {
      const { scrollX, scrollY, zoom } = api.getAppState();
      this.#views.set(current, { scrollX, scrollY, zoom: zoom.value });
    }
    this.#binding?.destroy();
    this.#binding = null;
    this.store.patch({ page });
    this.#publishPresence({ page, pointer: null });
    if (api) this.#bind();
  }

  /** One's own choice of page ends the following of the tutor's. */
  choose(page: string): void {
    this.store.patch({ following: false });
    this.turnTo(page);
  }

  follow(following: boolean): void {
    this.store.patch({ following });
    this.#followTutor();
  }

  addPage(): void {
    this.choose(addPage(this.doc));
  }

  removePage(id: string): void {
    removePage(this.doc, id);
  }

  showProblem(problem: string): void {
    this.store.patch({ problem });
  }

  dismissProblem(): void {
    this.store.patch({ problem: null });
  }

  report(error: unknown, otherwise: string): void {
    this.showProblem(reasonOf(error, otherwise));
  }

  /** The last stroke goes out before the page does. */
  readonly #flush = (): void => this.#binding?.flush();

  #bind(): void {
    const api = this.#api;
    if (!api) return;
    const { page } = this.store.get();
    // Not to be written into the page that comes: the scene still holds the page that went.
    api.updateScene({ elements: [], captureUpdate: CaptureUpdateAction.NEVER });
    this.#binding = new PageBinding(api, elementsOf(this.doc, page), {
      refused: () => this.showProblem(TOO_LARGE),
      appeared: () => {
        const { scrollX, scrollY, zoom } = api.getAppState();
        if (scrollX === 0 && scrollY === 0 && zoom.value === 1) this.#look(api, page);
      },
    });
    api.updateScene({
      appState: {
        selectedElementIds: {},
        collaborators: collaboratorsOf(this.awareness, page),
      } as Pick<AppState, "selectedElementIds">,
      captureUpdate: CaptureUpdateAction.NEVER,
    });
    this.#look(api, page);
    this.#showPictures();
  }

  /** As one left the page; for the first time where there is something to see. */
  #look(api: ExcalidrawImperativeAPI, page: string): void {
    const { width, height } = api.getAppState();
    const elements = readElements(elementsOf(this.doc, page)).filter((one) => !one.isDeleted);
    const boxes = () => elements.map((one): Box => getCommonBounds([one]));
    const { zoom, ...scroll } = this.#views.get(page) ?? firstView(boxes(), width, height);
    api.updateScene({
      appState: { ...scroll, zoom: { value: zoom as AppState["zoom"]["value"] } } as AppState,
      captureUpdate: CaptureUpdateAction.NEVER,
    });
  }

  #pagesChanged(): void {
    const pages = pagesOf(this.doc);
    const { page } = this.store.get();
    this.store.patch({ pages });
    if (!pages.some((known) => known.id === page)) this.turnTo(pages[0]?.id ?? FIRST_PAGE);
    else this.#followTutor();
  }

  #othersMoved(): void {
    this.#api?.updateScene({
      collaborators: collaboratorsOf(this.awareness, this.store.get().page),
    });
    this.#followTutor();
  }

  #followTutor(): void {
    const { following, pages } = this.store.get();
    const page = following ? tutorsPage(this.awareness) : null;
    if (page && pages.some((known) => known.id === page)) this.turnTo(page);
  }

  /** At most one message in POINTER_EVERY ms, the last state always among them. */
  #publishPresence(part: Partial<Presence>): void {
    this.#presence = { ...this.#presence, ...part };
    this.#pointerTimer ??= setTimeout(() => {
      this.#pointerTimer = undefined;
      this.awareness.setLocalState(this.#presence);
    }, POINTER_EVERY);
  }

  #showPictures(): void {
    if (this.#api) void this.sceneImages.show(this.#api, this.store.get().page);
  }
}
