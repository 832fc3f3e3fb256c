import { CaptureUpdateAction, getDataURL, newElementWith } from "@excalidraw/excalidraw";
import type { FileId } from "@excalidraw/excalidraw/element/types";
import type {
  BinaryFileData,
  BinaryFiles,
  DataURL,
  ExcalidrawImperativeAPI,
} from "@excalidraw/excalidraw/types";
import type * as Y from "yjs";
import { backoff } from "../net/backoff";
import { ApiError, type Request } from "../net/http";
import { asPng } from "./pictures";

const ACCEPTED = ["image/png", "image/jpeg", "image/webp", "image/gif"];
export const LARGEST = 10 * 1024 * 1024;

interface StoredFile {
  id: string;
  url: string;
  mimeType: string;
  created: number;
}

function isStored(value: unknown): value is StoredFile {
  if (typeof value !== "object" || value === null) return false;
  const file = value as Record<string, unknown>;
  return typeof file.url === "string" && ACCEPTED.includes(String(file.mimeType));
}

/**
 * Pictures of the board. The document names them, the server keeps them: a picture inside the
 * document would be sent to everybody with every state of the board.
 */
export class BoardFiles {
  #uploads = new Map<string, Promise<void>>();
  #fetched = new Map<string, Promise<BinaryFileData | null>>();

  constructor(
    private readonly map: Y.Map<unknown>,
    private readonly request: Request,
    private readonly root: string,
    /** Said when a picture cannot be kept, with the server's reason. */
    private readonly refused: (detail: string) => void,
  ) {}

  /** Uploads what the scene has and the document does not name yet. */
  offer(api: ExcalidrawImperativeAPI, files: BinaryFiles): void {
    for (const file of Object.values(files)) {
      if (this.map.has(file.id) || this.#uploads.has(file.id)) continue;
      const blob = () => fetchable(file.dataURL);
      this.#uploads.set(file.id, this.#keep(file.id, blob, api));
    }
  }

  /** A picture made by us (a page of a PDF, a formula); resolves once the document names it. */
  async add(id: FileId, blob: Blob): Promise<BinaryFileData> {
    await this.#upload(id, blob);
    const data = await this.#dataOf(id, blob);
    this.#fetched.set(id, Promise.resolve(data));
    return data;
  }

  /** Those of `ids` that the document names, fetched once each. */
  async get(ids: Iterable<string>): Promise<BinaryFileData[]> {
    const found = await Promise.all([...new Set(ids)].map((id) => this.#fetch(id)));
    return found.filter((file) => file !== null);
  }

  #fetch(id: string): Promise<BinaryFileData | null> {
    const known = this.#fetched.get(id);
    if (known) return known;
    const stored = this.map.get(id);
    if (!isStored(stored)) return Promise.resolve(null);
    const address = new URL(stored.url, location.href);
    // Anyone in the room can write the document: only this room's own files are fetched.
    const here = new URL(`${this.root}files/`, location.href);
    if (address.origin !== here.origin || !address.pathname.startsWith(here.pathname)) {
      return Promise.resolve(null);
    }
    const fetched = this.request(address.href)
      .then((response) => response.blob())
      .then((blob) => this.#dataOf(id as FileId, blob))
      .catch(() => {
        this.#fetched.delete(id);
        return null;
      });
    this.#fetched.set(id, fetched);
    return fetched;
  }

  async #dataOf(id: FileId, blob: Blob): Promise<BinaryFileData> {
    const dataURL: DataURL = await getDataURL(blob);
    return { id, dataURL, mimeType: blob.type as BinaryFileData["mimeType"], created: Date.now() };
  }

  async #keep(id: string, blob: () => Promise<Blob>, api: ExcalidrawImperativeAPI): Promise<void> {
    for (let attempt = 0; !this.map.has(id); attempt += 1) {
      try {
        await this.#upload(id, await blob());
      } catch (error) {
        if (error instanceof ApiError && error.status >= 400 && error.status < 500) {
          this.refused(error.message);
          return;
        }
        await new Promise((resolve) => setTimeout(resolve, backoff(attempt)));
      }
    }
    const elements = api
      .getSceneElementsIncludingDeleted()
      .map((element) =>
        element.type === "image" && element.fileId === id && element.status !== "saved"
          ? newElementWith(element, { status: "saved" })
          : element,
      );
    api.updateScene({ elements, captureUpdate: CaptureUpdateAction.NEVER });
  }

  async #upload(id: string, blob: Blob): Promise<void> {
    const picture = ACCEPTED.includes(blob.type) ? blob : await asPng(blob);
    const body = new FormData();
    body.append("file", picture, `picture.${picture.type.split("/")[1]}`);
    const response = await this.request(`${this.root}files/`, { method: "POST", body });
    const stored = (await response.json()) as { url: string; mime_type: string };
    const entry: StoredFile = {
      id,
      url: stored.url,
      mimeType: stored.mime_type,
      created: Date.now(),
    };
    this.map.set(id, entry);
  }
}

/** `fetch` of a data: address is not allowed by the page's policy, so it is taken apart here. */
function fetchable(dataURL: string): Promise<Blob> {
  const [head = "", body = ""] = dataURL.split(",", 2);
  const type = /^data:([^;]+)/.exec(head)?.[1] ?? "application/octet-stream";
  const raw = head.endsWith(";base64") ? atob(body) : decodeURIComponent(body);
  const bytes = Uint8Array.from(raw, (char) => char.charCodeAt(0));
  return Promise.resolve(new Blob([bytes], { type }));
}
