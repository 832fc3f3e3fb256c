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
import { toPng } from "./image-files";

const ACCEPTED_TYPES = ["image/png", "image/jpeg", "image/webp", "image/gif"];

export interface StoredFile {
  id: string;
  url: string;
  mimeType: string;
  created: number;
}

/** An image that was pasted or dropped and is being stored, for whichever document will show it. */
export interface PendingUpload {
  file: Promise<BinaryFileData>;
  stored: Promise<StoredFile>;
}

/**
 * Images of the board. The document only references them and the server stores them, because an
 * image inside the document would be sent with every initial sync.
 */
export class ImageStore {
  /** Number of local images that are not uploaded yet. */
  readonly unsent = new Store(0);
  #uploads = new Map<string, PendingUpload>();
  #pendingSince = new Map<string, number>();
  #fetched = new Map<string, Promise<BinaryFileData | null>>();

  constructor(
    private readonly map: Y.Map<unknown>,
    private readonly request: Request,
    private readonly root: string,
    /** Called when an image cannot be stored. */
    private readonly onError: (error: unknown) => void,
  ) {}

  /** Whether the image is neither in the document nor being uploaded. */
  isNew(id: string): boolean {
    return !this.map.has(id) && !this.#uploads.has(id);
  }

  /** Uploads an image with retries; removes its element from the board when it is refused. */
  async uploadFromScene(
    id: string,
    file: Promise<BinaryFileData>,
    api: ExcalidrawImperativeAPI,
  ): Promise<void> {
    const stored = file.then(({ dataURL }) => this.#uploadWithRetry(id, dataUrlToBlob(dataURL)));
    await this.#finish(id, { file, stored }, api);
  }

  async #finish(id: string, upload: PendingUpload, api: ExcalidrawImperativeAPI): Promise<void> {
    this.#uploads.set(id, upload);
    this.#setPending(id, true);
    const isOwn = () => this.#uploads.get(id) === upload;
    try {
      const entry = await upload.stored;
      if (!isOwn()) return;
      this.map.set(id, entry);
      updateImageElements(api, id, { status: "saved" });
    } catch (error) {
      if (!isOwn()) return;
      updateImageElements(api, id, { isDeleted: true });
      this.onError(error);
    } finally {
      if (isOwn()) {
        this.#uploads.delete(id);
        this.#setPending(id, false);
      }
    }
  }

  /** Returns the uploads in progress, for the store that replaces this one; it forgets them. */
  release(): Map<string, PendingUpload> {
    const uploads = this.#uploads;
    this.#uploads = new Map();
    for (const id of uploads.keys()) this.#setPending(id, false);
    return uploads;
  }

  /** Takes over uploads in progress and shows their images, which this scene does not have yet. */
  adopt(uploads: ReadonlyMap<string, PendingUpload>, api: ExcalidrawImperativeAPI): void {
    for (const [id, upload] of uploads) {
      upload.file.then(
        (file) => api.addFiles([file]),
        () => {}, // reported with the upload
      );
      void this.#finish(id, upload, api);
    }
  }

  /** Age of the oldest pending upload, in ms. */
  oldestUploadAge(): number {
    const now = Date.now();
    return now - Math.min(now, ...this.#pendingSince.values());
  }

  /**
   * Uploads a generated image (PDF page, formula); resolves once it is in the document. Retries only
   * with a signal, by which the person can end it. Throws ApiError when the image is not stored, and
   * the signal's reason when it aborts.
   */
  async add(id: FileId, blob: Blob, signal?: AbortSignal): Promise<BinaryFileData> {
    this.#setPending(id, true);
    try {
      const entry = signal
        ? await this.#uploadWithRetry(id, blob, signal)
        : await this.#upload(id, blob);
      this.map.set(id, entry);
    } finally {
      this.#setPending(id, false);
    }
    const data = await this.#dataOf(id, blob);
    this.#fetched.set(id, Promise.resolve(data));
    return data;
  }

  /** Fetches the images of `ids` that are in the document, each once. */
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
        // A final error stays cached, so that a missing file is not requested after every change.
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

  #setPending(id: string, pending: boolean): void {
    if (pending) this.#pendingSince.set(id, Date.now());
    else this.#pendingSince.delete(id);
    this.unsent.set(this.#pendingSince.size);
  }

  /** Retries until the image is stored; throws ApiError when the server refuses it. */
  async #uploadWithRetry(id: string, blob: Blob, signal?: AbortSignal): Promise<StoredFile> {
    for (let attempt = 0; ; attempt += 1) {
      signal?.throwIfAborted();
      try {
        return await this.#upload(id, blob);
      } catch (error) {
        if (!(error instanceof ApiError) || isFinal(error)) throw error;
        await waitOrOnline(backoff(attempt));
      }
    }
  }

  async #upload(id: string, blob: Blob): Promise<StoredFile> {
    const image = ACCEPTED_TYPES.includes(blob.type) ? blob : await toPng(blob);
    const body = new FormData();
    body.append("file", image, `picture.${image.type.split("/")[1]}`);
    const response = await this.request(`${this.root}files/`, { method: "POST", body });
    const stored = (await response.json()) as { url: string; mime_type: string };
    return { id, url: stored.url, mimeType: stored.mime_type, created: Date.now() };
  }
}

function isFinal({ status }: ApiError): boolean {
  // 507 Insufficient Storage: the quota is used up, so a retry would not help.
  if (status === 507) return true;
  return status >= 400 && status < 500 && status !== 408 && status !== 429;
}

/** Waits `ms`, or until the network is back. */
function waitOrOnline(ms: number): Promise<void> {
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

function updateImageElements(
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

/** Decodes a data: URL by hand, because the CSP does not allow `fetch` of one. */
function dataUrlToBlob(dataURL: string): Blob {
  const [head = "", body = ""] = dataURL.split(",", 2);
  const type = /^data:([^;]+)/.exec(head)?.[1] ?? "application/octet-stream";
  const raw = head.endsWith(";base64") ? atob(body) : decodeURIComponent(body);
  return new Blob([Uint8Array.from(raw, (char) => char.charCodeAt(0))], { type });
}
