import { isObject } from "../readers";

const FILE_ID_PATTERN = /([\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12})\/?$/;

/** The document is untrusted input, so only this room's own files are fetched. */
export function imageAddress(value: unknown, root: string): string | null {
  if (!isObject(value) || typeof value.url !== "string") return null;
  const id = FILE_ID_PATTERN.exec(value.url)?.[1];
  const address = `${root}files/${id}/`;
  return id && `${value.url.replace(/\/$/, "")}/` === address ? address : null;
}
