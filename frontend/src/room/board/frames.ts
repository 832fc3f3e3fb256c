import * as decoding from "lib0/decoding";
import * as encoding from "lib0/encoding";
import type { Awareness } from "y-protocols/awareness";
import { encodeAwarenessUpdate } from "y-protocols/awareness";
import * as sync from "y-protocols/sync";
import type { Doc } from "yjs";

export const SYNC = 0;
export const AWARENESS = 1;
export const QUERY_AWARENESS = 3;

export type Frame = Uint8Array<ArrayBuffer>;

function frame(kind: number, write: (encoder: encoding.Encoder) => void): Frame {
  const encoder = encoding.createEncoder();
  encoding.writeVarUint(encoder, kind);
  write(encoder);
  return encoding.toUint8Array(encoder) as Frame;
}

export function syncStepOne(doc: Doc): Frame {
  return frame(SYNC, (encoder) => sync.writeSyncStep1(encoder, doc));
}

export function syncUpdate(bytes: Uint8Array): Frame {
  return frame(SYNC, (encoder) => sync.writeUpdate(encoder, bytes));
}

export function awarenessUpdate(awareness: Awareness, clients: number[]): Frame {
  return frame(AWARENESS, (encoder) =>
    encoding.writeVarUint8Array(encoder, encodeAwarenessUpdate(awareness, clients)),
  );
}

/** Applies a sync step 2 or update to `doc`; for a sync step 1 returns the sender's state vector. */
export function readSync(
  decoder: decoding.Decoder,
  doc: Doc,
  origin: unknown,
): { kind: number; vector: Uint8Array | null } {
  const kind = decoding.readVarUint(decoder);
  if (kind === sync.messageYjsSyncStep1) {
    return { kind, vector: decoding.readVarUint8Array(decoder) };
  }
  sync.readSyncStep2(decoder, doc, origin);
  return { kind, vector: null };
}

export { decoding };
