import * as encoding from "lib0/encoding";
import { decodeUpdate, Skip, UpdateEncoderV1 } from "yjs";

type Struct = ReturnType<typeof decodeUpdate>["structs"][number];
type Deletion = { client: number; clock: number; len: number };

/** What a run of deletions takes at most. */
const DELETION_BYTES = 16;

/**
 * The same Yjs update in pieces of about `limit` bytes, to be applied in their order. One change,
 * such as one stroke, is never cut.
 */
export function inPieces(update: Uint8Array, limit: number): Uint8Array[] {
  if (update.byteLength <= limit) return [update];
  const { structs, ds } = decodeUpdate(update);
  const deletions = [...ds.clients].flatMap(([client, runs]) =>
    runs.map(({ clock, len }) => ({ client, clock, len })),
  );
  return [...structPieces(structs, limit), ...deletionPieces(deletions, limit)];
}

function structPieces(structs: readonly Struct[], limit: number): Uint8Array[] {
  const pieces: Uint8Array[] = [];
  let first: Struct | undefined;
  let last: Struct | undefined;
  let count = 0;
  let body = new UpdateEncoderV1();
  const close = () => {
    if (first) pieces.push(structPiece(first, count, body.toUint8Array()));
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
  return pieces;
}

function follows({ id }: Struct, last: Struct): boolean {
  return id.client === last.id.client && id.clock === last.id.clock + last.length;
}

/** Of one client, one after another; the format is Yjs's, version 1. */
function structPiece(first: Struct, count: number, body: Uint8Array): Uint8Array {
  return encoding.encode((encoder) => {
    encoding.writeVarUint(encoder, 1);
    encoding.writeVarUint(encoder, count);
    encoding.writeVarUint(encoder, first.id.client);
    encoding.writeVarUint(encoder, first.id.clock);
    encoding.writeUint8Array(encoder, body);
    encoding.writeVarUint(encoder, 0);
  });
}

function deletionPieces(deletions: readonly Deletion[], limit: number): Uint8Array[] {
  const most = Math.max(1, Math.floor(limit / DELETION_BYTES));
  const pieces: Uint8Array[] = [];
  for (let at = 0; at < deletions.length; at += most) {
    pieces.push(deletionPiece(deletions.slice(at, at + most)));
  }
  return pieces;
}

function deletionPiece(deletions: readonly Deletion[]): Uint8Array {
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
