import * as encoding from "lib0/encoding";
import { decodeUpdate, Skip, UpdateEncoderV1 } from "yjs";

type Struct = ReturnType<typeof decodeUpdate>["structs"][number];
type Deletion = { client: number; clock: number; len: number };

/** Maximum encoded size of one run of deletions. */
const MAX_DELETION_BYTES = 16;

/**
 * Splits a Yjs update into updates of about `limit` bytes, to be applied in that order.
 * A single change, such as a stroke, is never split.
 */
export function splitUpdate(update: Uint8Array, limit: number): Uint8Array[] {
  if (update.byteLength <= limit) return [update];
  const { structs, ds } = decodeUpdate(update);
  const deletions = [...ds.clients].flatMap(([client, runs]) =>
    runs.map(({ clock, len }) => ({ client, clock, len })),
  );
  return [...structChunks(structs, limit), ...deletionChunks(deletions, limit)];
}

function structChunks(structs: readonly Struct[], limit: number): Uint8Array[] {
  const chunks: Uint8Array[] = [];
  let first: Struct | undefined;
  let last: Struct | undefined;
  let count = 0;
  let body = new UpdateEncoderV1();
  const close = () => {
    if (first) chunks.push(structChunk(first, count, body.toUint8Array()));
    first = last = undefined;
    count = 0;
    body = new UpdateEncoderV1();
  };
  for (const struct of structs) {
    if (struct instanceof Skip) continue;
    const full = encoding.length(body.restEncoder) >= limit;
    if (full || !last || !follows(struct, last)) close();
    first ??= struct;
    last = struct;
    count += 1;
    struct.write(body, 0);
  }
  close();
  return chunks;
}

function follows({ id }: Struct, last: Struct): boolean {
  return id.client === last.id.client && id.clock === last.id.clock + last.length;
}

/** Encodes consecutive structs of one client as a Yjs update (V1 format). */
function structChunk(first: Struct, count: number, body: Uint8Array): Uint8Array {
  return encoding.encode((encoder) => {
    encoding.writeVarUint(encoder, 1);
    encoding.writeVarUint(encoder, count);
    encoding.writeVarUint(encoder, first.id.client);
    encoding.writeVarUint(encoder, first.id.clock);
    encoding.writeUint8Array(encoder, body);
    encoding.writeVarUint(encoder, 0);
  });
}

function deletionChunks(deletions: readonly Deletion[], limit: number): Uint8Array[] {
  const perChunk = Math.max(1, Math.floor(limit / MAX_DELETION_BYTES));
  const chunks: Uint8Array[] = [];
  for (let at = 0; at < deletions.length; at += perChunk) {
    chunks.push(deletionChunk(deletions.slice(at, at + perChunk)));
  }
  return chunks;
}

function deletionChunk(deletions: readonly Deletion[]): Uint8Array {
  const clients = new Set(deletions.map(({ client }) => client));
  return encoding.encode((encoder) => {
    encoding.writeVarUint(encoder, 0);
    encoding.writeVarUint(encoder, clients.size);
    for (const client of clients) {
      const runs = deletions.filter((deletion) => deletion.client === client);
      encoding.writeVarUint(encoder, client);
      encoding.writeVarUint(encoder, runs.length);
      for (const { clock, len } of runs) {
        encoding.writeVarUint(encoder, clock);
        encoding.writeVarUint(encoder, len);
      }
    }
  });
}
