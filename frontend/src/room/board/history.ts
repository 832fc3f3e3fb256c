import * as Y from "yjs";
import type { Request } from "../../shared/api";

export interface Snapshot {
  id: number;
  created_at: string;
}

/** Lists the snapshots, oldest first. */
export async function listSnapshots(request: Request, root: string): Promise<Snapshot[]> {
  const response = await request(`${root}history/`);
  const { results } = (await response.json()) as { results: Snapshot[] };
  return [...results].sort((a, b) => (a.created_at < b.created_at ? -1 : 1));
}

export async function openSnapshot(request: Request, root: string, id: number): Promise<Y.Doc> {
  const response = await request(`${root}history/${id}/`);
  const doc = new Y.Doc();
  Y.applyUpdate(doc, new Uint8Array(await response.arrayBuffer()));
  return doc;
}

export async function restoreSnapshot(request: Request, root: string, id: number): Promise<void> {
  await request(`${root}history/${id}/restore/`, { method: "POST" });
}
