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

/** Gives Excalidraw the images of the page it shows, inverted where the board is dark. */
export class SceneImages {
  #asked = new Set<string>();

  constructor(
    private readonly doc: Y.Doc,
    private readonly files: ImageStore,
    private readonly isDark: () => boolean,
  ) {}

  /** Adds the images of the page that Excalidraw lacks. */
  async show(api: ExcalidrawImperativeAPI, page: string): Promise<void> {
    const known = api.getFiles();
    const missing = this.#images(page).filter(({ id }) => !known[id] && !this.#asked.has(id));
    if (!missing.length) return;
    for (const { id } of missing) this.#asked.add(id);
    const inverted = new Set(missing.filter((image) => image.inverted).map(({ id }) => id));
    const files = await this.files.get(missing.map(({ id }) => id));
    const shown = files.map((file) => (inverted.has(file.id) ? this.#inverted(file) : file));
    // Adding none would be a change of the scene, after which it would be asked again, for ever.
    if (shown.length) api.addFiles(await Promise.all(shown));
    for (const { id } of missing) this.#asked.delete(id);
  }

  /** Adds a formula or PDF page that was made in this browser. */
  async add(api: ExcalidrawImperativeAPI, file: BinaryFileData): Promise<void> {
    api.addFiles([await this.#inverted(file)]);
  }

  /** Uploads images that were pasted or dropped onto the board. */
  offer(api: ExcalidrawImperativeAPI, files: BinaryFiles): void {
    for (const file of Object.values(files)) {
      if (this.files.isNew(file.id)) void this.files.keep(file.id, this.#original(api, file), api);
    }
  }

  /** What was copied from a dark board is in the clipboard as it looks there: inverted. */
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
