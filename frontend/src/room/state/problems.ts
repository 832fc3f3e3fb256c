import type { ServerMessage } from "../protocol";

export interface Problem {
  code: string;
  detail: string;
}

/** The problem to show after an error message of the server. */
export function problemOf(
  { code, detail }: Extract<ServerMessage, { type: "error" }>,
  shown: Problem | null,
): Problem | null {
  // `peer.left` has said or will say that they have gone, so there is nothing left to do.
  return code === "no_such_peer" ? shown : { code, detail };
}
