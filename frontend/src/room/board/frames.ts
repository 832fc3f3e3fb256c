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

export function stepOne(doc: Doc): Frame {
  return frame(SYNC, (encoder) => sync.writeSyncStep1(encoder, doc));
}

export function update(bytes: Uint8Array): Frame {
  return frame(SYNC, (encoder) => sync.writeUpdate(encoder, bytes));
}

export function awarenessOf(awareness: Awareness, clients: number[]): Frame {
  return frame(AWARENESS, (encoder) =>
    encoding.writeVarUint8Array(encoder, encodeAwarenessUpdate(awareness, clients)),
  );
}

/** Applies one sync message; gives what to answer, if anything, and which of the three it was. */
export function readSync(
  decoder: decoding.Decoder,
  doc: Doc,
  origin: unknown,
): { answer: Frame | null; kind: number } {
  const encoder = encoding.createEncoder();
  encoding.writeVarUint(encoder, SYNC);
  const kind = sync.readSyncMessage(decoder, encoder, doc, origin);
  const answer = encoding.length(encoder) > 1 ? (encoding.toUint8Array(encoder) as Frame) : null;
  return { answer, kind };
}

export { decoding };
