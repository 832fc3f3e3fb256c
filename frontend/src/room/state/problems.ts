import type { ServerMessage } from "../protocol";

export interface Problem {
  code: string;
  detail: string;
  /** The type of the message that was refused, if the server could read it. */
  ref: string | null;
}

/** The problem to show after an error message of the server. */
export function problemOf(
  { code, detail, ref }: Extract<ServerMessage, { type: "error" }>,
  shown: Problem | null,
): Problem | null {
  // `peer.left` has said or will say that they have gone, so there is nothing left to do.
  return code === "no_such_peer" ? shown : { code, detail, ref };
}
