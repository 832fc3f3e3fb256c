import { expect, it, vi } from "vitest";
import * as Y from "yjs";
import { ImageStore } from "./image-store";

vi.mock("@excalidraw/excalidraw", () => ({
  CaptureUpdateAction: { NEVER: "NEVER" },
  newElementWith: (element: object, part: object) => ({ ...element, ...part }),
}));

const ELEMENT = { id: "e", type: "image", fileId: "f", status: "pending" };
const FILE = { id: "f", dataURL: "data:image/png;base64,AAAA", mimeType: "image/png", created: 1 };
const FRESH_URL = "/api/classroom/sessions/1/files/2/";

function scene() {
  const shown = { elements: [ELEMENT] as object[], files: [] as object[] };
  const api = {
    getSceneElementsIncludingDeleted: () => shown.elements,
    updateScene: ({ elements }: { elements: object[] }) => {
      shown.elements = elements;
    },
    addFiles: (files: object[]) => shown.files.push(...files),
  };
  return { shown, api: api as never };
}

/** Two stores of one board; the server answers the upload of the first when it is told to. */
function stores() {
  let answer: (response: Response | Error) => void = () => {};
  const request = () =>
    new Promise<Response>((resolve, reject) => {
      answer = (result) => (result instanceof Error ? reject(result) : resolve(result));
    });
  const errors: unknown[] = [];
  const [old, fresh] = [new Y.Doc().getMap("files"), new Y.Doc().getMap("files")];
  const make = (map: Y.Map<unknown>) =>
    new ImageStore(map, request, "/", (error) => errors.push(error));
  return {
    old,
    fresh,
    errors,
    first: make(old),
    second: make(fresh),
    answer: (result: Response | Error) => answer(result),
  };
}

const settle = () => new Promise((resolve) => setTimeout(resolve));

it("carries an upload in progress over to the document that replaces it", async () => {
  const { old, fresh, first, second, answer } = stores();
  const [before, after] = [scene(), scene()];
  const uploaded = first.uploadFromScene("f", Promise.resolve(FILE as never), before.api);
  await settle();
  second.adopt(first.release(), after.api);
  expect([first.unsent.get(), second.unsent.get()]).toEqual([0, 1]);
  expect(second.isNew("f")).toBe(false);
  answer(Response.json({ url: FRESH_URL, mime_type: "image/png" }));
  await uploaded;
  await settle();
  expect(old.size).toBe(0);
  expect(fresh.get("f")).toMatchObject({ id: "f", url: FRESH_URL });
  expect(after.shown.files).toEqual([FILE]);
  expect(after.shown.elements).toEqual([{ ...ELEMENT, status: "saved" }]);
  expect(second.unsent.get()).toBe(0);
});

it("removes an image that was carried over when it cannot be stored", async () => {
  const { fresh, errors, first, second, answer } = stores();
  const [before, after] = [scene(), scene()];
  void first.uploadFromScene("f", Promise.resolve(FILE as never), before.api);
  await settle();
  second.adopt(first.release(), after.api);
  answer(new Error("refused"));
  await settle();
  expect(errors).toHaveLength(1);
  expect(fresh.size).toBe(0);
  expect(before.shown.elements).toEqual([ELEMENT]);
  expect(after.shown.elements).toEqual([{ ...ELEMENT, isDeleted: true }]);
});
