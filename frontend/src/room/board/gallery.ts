import type {
  BinaryFileData,
  BinaryFiles,
  ExcalidrawImperativeAPI,
} from "@excalidraw/excalidraw/types";
import type * as Y from "yjs";
import { readElements } from "./elements";
import type { BoardFiles } from "./files";
import { isInk, turned } from "./ink";
import { elementsOf } from "./pages";

/** The pictures that Excalidraw has of a page, in the light or in the dark. */
export class Gallery {
  #asked = new Set<string>();

  constructor(
    private readonly doc: Y.Doc,
    private readonly files: BoardFiles,
    private readonly isDark: () => boolean,
  ) {}

  /** Those that the page shows and Excalidraw has not got. */
  async show(api: ExcalidrawImperativeAPI, page: string): Promise<void> {
    const known = api.getFiles();
    const missing = this.#pictures(page).filter(({ id }) => !known[id] && !this.#asked.has(id));
    if (!missing.length) return;
    for (const { id } of missing) this.#asked.add(id);
    const ink = new Set(missing.filter((picture) => picture.ink).map(({ id }) => id));
    const files = await this.files.get(missing.map(({ id }) => id));
    const shown = files.map((file) => (ink.has(file.id) ? this.#inked(file) : file));
    // Adding none would be a change of the scene, after which it would be asked again, for ever.
    if (shown.length) api.addFiles(await Promise.all(shown));
    for (const { id } of missing) this.#asked.delete(id);
  }

  /** One of ink that was made here. */
  async add(api: ExcalidrawImperativeAPI, file: BinaryFileData): Promise<void> {
    api.addFiles([await this.#inked(file)]);
  }

  /** Has the server keep what was put in here by hand. */
  offer(api: ExcalidrawImperativeAPI, files: BinaryFiles): void {
    for (const file of Object.values(files)) {
      if (this.files.isNew(file.id)) void this.files.keep(file.id, this.#original(api, file), api);
    }
  }

  /** Ink that was copied on a dark board is in the clipboard as it looks there. */
  async #original(api: ExcalidrawImperativeAPI, file: BinaryFileData): Promise<BinaryFileData> {
    const element = api
      .getSceneElementsIncludingDeleted()
      .find((candidate) => candidate.type === "image" && candidate.fileId === file.id);
    return element && isInk(element) ? this.#inked(file) : file;
  }

  async #inked(file: BinaryFileData): Promise<BinaryFileData> {
    return this.isDark() ? turned(file) : file;
  }

  #pictures(page: string): { id: string; ink: boolean }[] {
    return readElements(elementsOf(this.doc, page)).flatMap((element) => {
      if (element.type !== "image" || !element.fileId || element.isDeleted) return [];
      return [{ id: element.fileId, ink: isInk(element) }];
    });
  }
}
