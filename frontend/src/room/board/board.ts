import { CaptureUpdateAction } from "@excalidraw/excalidraw";
import type { AppState, BinaryFiles, ExcalidrawImperativeAPI } from "@excalidraw/excalidraw/types";
import { Awareness } from "y-protocols/awareness";
import * as Y from "yjs";
import { ApiError, type Request } from "../net/http";
import type { Refusal } from "../net/socket";
import { Store } from "../state/store";
import { PageBinding } from "./binding";
import { readElements } from "./elements";
import { BoardFiles } from "./files";
import { addPage, elementsOf, FIRST_PAGE, type Page, pagesOf, removePage } from "./pages";
import { collaboratorsOf, type Presence, tutorsPage } from "./people";
import { BoardProvider } from "./provider";

const POINTER_EVERY = 40;
/** What one says of oneself to the others has a limit; of more than this they see the first. */
const MOST_SELECTED = 100;

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
  /** Words for what does not fit into the document. */
  tooLarge: string;
}

/** The document of the board, the connection that keeps it, and the one page that is shown. */
export class Board {
  readonly doc = new Y.Doc();
  readonly awareness = new Awareness(this.doc);
  readonly provider: BoardProvider;
  readonly files: BoardFiles;
  readonly store: Store<BoardState>;
  #api: ExcalidrawImperativeAPI | null = null;
  #binding: PageBinding | null = null;
  #views = new Map<string, Pick<AppState, "scrollX" | "scrollY" | "zoom">>();
  #pointerTimer: ReturnType<typeof setTimeout> | undefined;
  #presence: Presence;
  #filesAsked = new Set<string>();

  constructor(private readonly options: BoardOptions) {
    const { me, request, root } = options;
    this.store = new Store<BoardState>({
      pages: pagesOf(this.doc),
      page: FIRST_PAGE,
      following: me.role !== "tutor",
      problem: null,
    });
    this.provider = new BoardProvider(this.doc, this.awareness, options.address, options.refused);
    this.files = new BoardFiles(this.doc.getMap("files"), request, root, (problem) =>
      this.store.patch({ problem }),
    );
    this.#presence = { ...me, page: FIRST_PAGE, pointer: null, button: "up", selected: {} };
    this.awareness.setLocalState(this.#presence);
  }

  start(): void {
    this.doc.getMap("pages").observeDeep(() => this.#pagesChanged());
    this.doc.getMap("files").observe(() => void this.#showFiles());
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

  get api(): ExcalidrawImperativeAPI | null {
    return this.#api;
  }

  attach(api: ExcalidrawImperativeAPI): void {
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
    this.files.offer(this.#api, files);
    void this.#showFiles();
    const ids = Object.keys(state.selectedElementIds).slice(0, MOST_SELECTED);
    if (ids.join() !== Object.keys(this.#presence.selected).join()) {
      this.#say({ selected: Object.fromEntries(ids.map((id) => [id, true as const])) });
    }
  }

  pointer(pointer: Presence["pointer"], button: "up" | "down"): void {
    this.#say({ pointer, button });
  }

  turnTo(page: string): void {
    const { page: current } = this.store.get();
    if (page === current) return;
    const api = this.#api;
    if (api) {
      const { scrollX, scrollY, zoom } = api.getAppState();
      this.#views.set(current, { scrollX, scrollY, zoom });
    }
    this.#binding?.destroy();
    this.#binding = null;
    this.store.patch({ page });
    this.#say({ page, pointer: null });
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

  forgetProblem(): void {
    this.store.patch({ problem: null });
  }

  report(error: unknown, otherwise: string): void {
    const problem = error instanceof ApiError && error.message ? error.message : otherwise;
    this.store.patch({ problem });
  }

  /** The last stroke goes out before the page does. */
  readonly #flush = (): void => this.#binding?.flush();

  #bind(): void {
    const api = this.#api;
    if (!api) return;
    const { page } = this.store.get();
    // Not to be written into the page that comes: the scene still holds the page that went.
    api.updateScene({ elements: [], captureUpdate: CaptureUpdateAction.NEVER });
    this.#binding = new PageBinding(api, elementsOf(this.doc, page), () =>
      this.store.patch({ problem: this.options.tooLarge }),
    );
    const view = this.#views.get(page);
    api.updateScene({
      appState: {
        ...(view ?? {}),
        selectedElementIds: {},
        collaborators: collaboratorsOf(this.awareness, page),
      } as Pick<AppState, "selectedElementIds">,
      captureUpdate: CaptureUpdateAction.NEVER,
    });
    void this.#showFiles();
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
  #say(part: Partial<Presence>): void {
    this.#presence = { ...this.#presence, ...part };
    this.#pointerTimer ??= setTimeout(() => {
      this.#pointerTimer = undefined;
      this.awareness.setLocalState(this.#presence);
    }, POINTER_EVERY);
  }

  /** Pictures that the page shows and Excalidraw has not got. */
  async #showFiles(): Promise<void> {
    const api = this.#api;
    if (!api) return;
    const known = api.getFiles();
    const named = this.doc.getMap("files");
    const missing = readElements(elementsOf(this.doc, this.store.get().page))
      .flatMap((element) => (element.type === "image" && element.fileId ? [element.fileId] : []))
      .filter((id) => !known[id] && named.has(id) && !this.#filesAsked.has(id));
    if (!missing.length) return;
    for (const id of missing) this.#filesAsked.add(id);
    const files = await this.files.get(missing);
    for (const id of missing) this.#filesAsked.delete(id);
    if (this.#api === api) api.addFiles(files);
  }
}
