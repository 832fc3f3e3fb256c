import { CaptureUpdateAction, getDataURL, newElementWith } from "@excalidraw/excalidraw";
import type { FileId } from "@excalidraw/excalidraw/element/types";
import type {
  BinaryFileData,
  DataURL,
  ExcalidrawImperativeAPI,
} from "@excalidraw/excalidraw/types";
import type * as Y from "yjs";
import { ApiError, type Request } from "../../../shared/api";
import { backoff } from "../../net/backoff";
import { Store } from "../../state/store";
import { imageAddress } from "./image-address";
import { asPng } from "./image-files";

const ACCEPTED = ["image/png", "image/jpeg", "image/webp", "image/gif"];
export const LARGEST = 10 * 1024 * 1024;

interface StoredFile {
  id: string;
  url: string;
  mimeType: string;
  created: number;
}

/**
 * Pictures of the board. The document names them, the server keeps them: a picture inside the
 * document would be sent to everybody with every state of the board.
 */
export class ImageStore {
  /** How many pictures of ours the server has not got. */
  readonly unsent = new Store(0);
  #offered = new Set<string>();
  #since = new Map<string, number>();
  #fetched = new Map<string, Promise<BinaryFileData | null>>();

  constructor(
    private readonly map: Y.Map<unknown>,
    private readonly request: Request,
    private readonly root: string,
    /** Said when a picture cannot be kept. */
    private readonly refused: (why: unknown) => void,
  ) {}

  /** Neither named by the document nor on its way. */
  isNew(id: string): boolean {
    return !this.map.has(id) && !this.#offered.has(id);
  }

  /** Uploads it until it is there or is refused, and then takes it off the board. */
  async keep(
    id: string,
    file: Promise<BinaryFileData>,
    api: ExcalidrawImperativeAPI,
  ): Promise<void> {
    this.#offered.add(id);
    this.#waits(id, true);
    try {
      await this.#insist(id, blobOf((await file).dataURL));
      change(api, id, { status: "saved" });
    } catch (error) {
      change(api, id, { isDeleted: true });
      this.refused(error);
    } finally {
      this.#waits(id, false);
    }
  }

  /** How long the oldest of them has waited, in ms. */
  oldestUploadAge(): number {
    const now = Date.now();
    return now - Math.min(now, ...this.#since.values());
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
    const address = imageAddress(this.map.get(id), this.root);
    if (address === null) return Promise.resolve(null);
    const fetched = this.request(address)
      .then((response) => response.blob())
      .then((blob) => this.#dataOf(id as FileId, blob))
      .catch((error) => {
        // What is not there is not asked for with every stroke.
        if (!(error instanceof ApiError) || !isFinal(error)) this.#fetched.delete(id);
        return null;
      });
    this.#fetched.set(id, fetched);
    return fetched;
  }

  async #dataOf(id: FileId, blob: Blob): Promise<BinaryFileData> {
    const dataURL: DataURL = await getDataURL(blob);
    return { id, dataURL, mimeType: blob.type as BinaryFileData["mimeType"], created: Date.now() };
  }

  #waits(id: string, does: boolean): void {
    if (does) this.#since.set(id, Date.now());
    else this.#since.delete(id);
    this.unsent.set(this.#since.size);
  }

  /** Until it is there; throws what the server has against it. */
  async #insist(id: string, blob: Blob): Promise<void> {
    for (let attempt = 0; !this.map.has(id); attempt += 1) {
      try {
        await this.#upload(id, blob);
      } catch (error) {
        if (!(error instanceof ApiError) || isFinal(error)) throw error;
        await pause(backoff(attempt));
      }
    }
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

function isFinal({ status }: ApiError): boolean {
  // 507: there is no room for it, nor will there be soon.
  if (status === 507) return true;
  return status >= 400 && status < 500 && status !== 408 && status !== 429;
}

/** Shorter where the network comes back. */
function pause(ms: number): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      removeEventListener("online", done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    addEventListener("online", done);
  });
}

function change(
  api: ExcalidrawImperativeAPI,
  file: string,
  part: { status: "saved" } | { isDeleted: true },
): void {
  const elements = api
    .getSceneElementsIncludingDeleted()
    .map((element) =>
      element.type === "image" && element.fileId === file ? newElementWith(element, part) : element,
    );
  api.updateScene({ elements, captureUpdate: CaptureUpdateAction.NEVER });
}

/** `fetch` of a data: address is not allowed by the page's policy, so it is taken apart here. */
function blobOf(dataURL: string): Blob {
  const [head = "", body = ""] = dataURL.split(",", 2);
  const type = /^data:([^;]+)/.exec(head)?.[1] ?? "application/octet-stream";
  const raw = head.endsWith(";base64") ? atob(body) : decodeURIComponent(body);
  return new Blob([Uint8Array.from(raw, (char) => char.charCodeAt(0))], { type });
}
