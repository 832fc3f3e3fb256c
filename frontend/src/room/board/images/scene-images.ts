import type {
  BinaryFileData,
  BinaryFiles,
  ExcalidrawImperativeAPI,
} from "@excalidraw/excalidraw/types";
import type * as Y from "yjs";
import { readElements } from "../elements";
import { elementsOf } from "../pages";
import { invertColours, isInvertedInDark } from "./dark-mode";
import type { ImageStore } from "./image-store";

/** Adds the images of the shown page to Excalidraw, inverted on a dark board. */
export class SceneImages {
  #requested = new Set<string>();

  constructor(
    private readonly doc: Y.Doc,
    private readonly files: ImageStore,
    private readonly isDark: () => boolean,
  ) {}

  /** Adds the page's missing images to Excalidraw. */
  async show(api: ExcalidrawImperativeAPI, page: string): Promise<void> {
    const known = api.getFiles();
    const missing = this.#images(page).filter(({ id }) => !known[id] && !this.#requested.has(id));
    if (!missing.length) return;
    for (const { id } of missing) this.#requested.add(id);
    const inverted = new Set(missing.filter((image) => image.inverted).map(({ id }) => id));
    const files = await this.files.get(missing.map(({ id }) => id));
    const shown = files.map((file) => (inverted.has(file.id) ? this.#inverted(file) : file));
    // addFiles with an empty list would change the scene and cause an endless loop.
    if (shown.length) api.addFiles(await Promise.all(shown));
    for (const { id } of missing) this.#requested.delete(id);
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

  #images(page: string): { id: string; inverted: boolean }[] {
    return readElements(elementsOf(this.doc, page)).flatMap((element) => {
      if (element.type !== "image" || !element.fileId || element.isDeleted) return [];
      return [{ id: element.fileId, inverted: isInvertedInDark(element) }];
    });
  }
}
