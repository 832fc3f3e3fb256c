import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { ApiError, type Request } from "../../shared/api";
import { NotesSync } from "./notes-sync";

/** A fake server that stores one text and checks If-Match. */
class Server {
  version = 1;
  failing = false;
  constructor(public text: string) {}

  readonly request: Request = async (_url, init = {}) => {
    if (this.failing) throw new ApiError(0, "network_error");
    if (init.method === "PUT") {
      const seen = new Headers(init.headers).get("If-Match");
      if (seen !== this.tag) throw new ApiError(412, "precondition_failed");
      this.write((JSON.parse(String(init.body)) as { text: string }).text);
    }
    return Response.json({ text: this.text }, { headers: { ETag: this.tag } });
  };

  get tag(): string {
    return `"${this.version}"`;
  }

  write(text: string): void {
    this.text = text;
    this.version += 1;
  }
}

class Drafts {
  readonly kept = new Map<string, string>();
  get length(): number {
    return this.kept.size;
  }
  key = (index: number) => [...this.kept.keys()][index] ?? null;
  getItem = (key: string) => this.kept.get(key) ?? null;
  setItem = (key: string, value: string) => void this.kept.set(key, value);
  removeItem = (key: string) => void this.kept.delete(key);
}

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

async function open(server: Server, drafts = new Drafts(), tab = "a"): Promise<NotesSync> {
  const notes = new NotesSync(server.request, "/notes/", drafts, tab);
  await notes.load();
  return notes;
}

/** Types in a tab that is closed while the server fails, so that only its draft is left. */
async function closeUnsaved(server: Server, drafts: Drafts, text: string): Promise<void> {
  const notes = await open(server, drafts);
  server.failing = true;
  notes.setText(text);
  await notes.save();
  vi.clearAllTimers();
  server.failing = false;
}

it("saves after a pause in typing, and again over its own version", async () => {
  const server = new Server("");
  const notes = await open(server);
  notes.setText("one");
  expect(server.text).toBe("");
  await vi.advanceTimersByTimeAsync(1000);
  notes.setText("one two");
  await vi.advanceTimersByTimeAsync(1000);
  expect(server.text).toBe("one two");
  expect(notes.store.get()).toEqual({ text: "one two", saving: "saved", conflictingText: null });
});

it("shows the other window's text and saves nothing until the conflict is resolved", async () => {
  const server = new Server("");
  const notes = await open(server);
  server.write("theirs");
  notes.setText("mine");
  await vi.advanceTimersByTimeAsync(1000);
  notes.setText("mine!");
  await vi.advanceTimersByTimeAsync(10_000);
  expect(server.text).toBe("theirs");
  expect(notes.store.get()).toEqual({ text: "mine!", saving: "saving", conflictingText: "theirs" });
  notes.resolveConflict("mine!\n\ntheirs");
  await vi.advanceTimersByTimeAsync(1000);
  expect(server.text).toBe("mine!\n\ntheirs");
  expect(notes.store.get()).toMatchObject({ saving: "saved", conflictingText: null });
});

it("reports a new conflict when the text changed again before the first was resolved", async () => {
  const server = new Server("");
  const notes = await open(server);
  server.write("theirs");
  notes.setText("mine");
  await vi.advanceTimersByTimeAsync(1000);
  server.write("theirs, longer");
  notes.resolveConflict("mine");
  await vi.advanceTimersByTimeAsync(1000);
  expect(server.text).toBe("theirs, longer");
  expect(notes.store.get().conflictingText).toBe("theirs, longer");
});

it("reports no conflict when both windows wrote the same text", async () => {
  const server = new Server("");
  const notes = await open(server);
  server.write("same");
  notes.setText("same");
  await vi.advanceTimersByTimeAsync(1000);
  expect(notes.store.get()).toMatchObject({ saving: "saved", conflictingText: null });
});

it("retries after an outage", async () => {
  const server = new Server("");
  const notes = await open(server);
  server.failing = true;
  notes.setText("mine");
  await vi.advanceTimersByTimeAsync(1000);
  expect(notes.store.get().saving).toBe("failed");
  server.failing = false;
  await vi.advanceTimersByTimeAsync(6000);
  expect(server.text).toBe("mine");
});

it("restores what a closed tab could not save, and drops it once saved", async () => {
  const server = new Server("");
  const drafts = new Drafts();
  await closeUnsaved(server, drafts, "mine");
  const opened = await open(server, drafts, "b");
  expect(opened.store.get().text).toBe("mine");
  await vi.advanceTimersByTimeAsync(1000);
  expect(server.text).toBe("mine");
  expect(drafts.length).toBe(0);
});

it("reports a conflict when the text changed after that tab had closed", async () => {
  const server = new Server("");
  const drafts = new Drafts();
  await closeUnsaved(server, drafts, "mine");
  server.write("theirs");
  const opened = await open(server, drafts, "b");
  expect(opened.store.get()).toMatchObject({ text: "mine", conflictingText: "theirs" });
  await vi.advanceTimersByTimeAsync(10_000);
  expect(server.text).toBe("theirs");
});
