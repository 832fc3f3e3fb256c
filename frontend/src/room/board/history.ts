import * as Y from "yjs";
import type { Request } from "../../shared/api";

export interface BoardVersion {
  id: number;
  created_at: string;
}

/** Lists the versions, oldest first. */
export async function listVersions(request: Request, root: string): Promise<BoardVersion[]> {
  const response = await request(`${root}history/`);
  const { results } = (await response.json()) as { results: BoardVersion[] };
  return [...results].sort((a, b) => (a.created_at < b.created_at ? -1 : 1));
}

export async function openVersion(request: Request, root: string, id: number): Promise<Y.Doc> {
  const response = await request(`${root}history/${id}/`);
  const doc = new Y.Doc();
  Y.applyUpdate(doc, new Uint8Array(await response.arrayBuffer()));
  return doc;
}

export async function restoreVersion(request: Request, root: string, id: number): Promise<void> {
  await request(`${root}history/${id}/restore/`, { method: "POST" });
}
