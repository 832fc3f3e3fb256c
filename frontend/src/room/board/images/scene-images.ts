import type {
  BinaryFileData,
  BinaryFiles,
  ExcalidrawImperativeAPI,
} from "@excalidraw/excalidraw/types";
import { Store } from "../../state/store";
import { invertColours, isInvertedInDark } from "./dark-mode";
import type { ImageStore } from "./image-store";

const MISSING_AFTER_MS = 10_000;

/** Adds the images of the shown page to Excalidraw, inverted on a dark board. */
export class SceneImages {
  /** How many pictures of the shown page have had no file for a while. */
  readonly missing = new Store(0);
  #requested = new Set<string>();
  #missingTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly files: ImageStore,
    private readonly isDark: () => boolean,
  ) {}

  stop(): void {
    clearTimeout(this.#missingTimer);
  }

  /** Adds the scene's missing images to Excalidraw; called after every change of the scene. */
  async show(api: ExcalidrawImperativeAPI): Promise<void> {
    const known = api.getFiles();
    const ids = new Set<string>();
    const inverted = new Set<string>();
    for (const element of api.getSceneElements()) {
      if (element.type !== "image" || !element.fileId) continue;
      if (known[element.fileId] || this.#requested.has(element.fileId)) continue;
      ids.add(element.fileId);
      if (isInvertedInDark(element)) inverted.add(element.fileId);
    }
    if (!ids.size) {
      if (!this.#requested.size) this.missing.set(0);
      return;
    }
    for (const id of ids) this.#requested.add(id);
    const files = await this.files.get(ids);
    const shown = files.map((file) => (inverted.has(file.id) ? this.#inverted(file) : file));
    // addFiles with an empty list would change the scene and cause an endless loop.
    if (shown.length) api.addFiles(await Promise.all(shown));
    for (const id of ids) this.#requested.delete(id);
    // The file follows its element, so it may only be on its way.
    if (shown.length < ids.size)
      this.#missingTimer ??= setTimeout(() => this.#countMissing(api), MISSING_AFTER_MS);
  }

  #countMissing(api: ExcalidrawImperativeAPI): void {
    this.#missingTimer = undefined;
    const known = api.getFiles();
    const missing = api
      .getSceneElements()
      .filter((element) => element.type === "image" && element.fileId && !known[element.fileId]);
    this.missing.set(missing.length);
  }

  /** Adds a formula or PDF page that was made in this browser. */
  async add(api: ExcalidrawImperativeAPI, file: BinaryFileData): Promise<void> {
    api.addFiles([await this.#inverted(file)]);
  }

  /** Uploads images that were pasted or dropped onto the board. */
  uploadNew(api: ExcalidrawImperativeAPI, files: BinaryFiles): void {
    for (const file of Object.values(files)) {
      if (this.files.isNew(file.id))
        void this.files.uploadFromScene(file.id, this.#original(api, file), api);
    }
  }

  /** An image copied from a dark board is inverted in the clipboard. */
  async #original(api: ExcalidrawImperativeAPI, file: BinaryFileData): Promise<BinaryFileData> {
    const element = api
      .getSceneElementsIncludingDeleted()
      .find((candidate) => candidate.type === "image" && candidate.fileId === file.id);
    return element && isInvertedInDark(element) ? this.#inverted(file) : file;
  }

  async #inverted(file: BinaryFileData): Promise<BinaryFileData> {
    return this.isDark() ? invertColours(file) : file;
  }
}
