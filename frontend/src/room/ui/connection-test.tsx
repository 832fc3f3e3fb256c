import { useState } from "react";
import { createRequest } from "../../shared/api";
import { gettext, interpolate } from "../../shared/gettext";
import { type ConnectionResult, testConnection } from "../call/connection-test";
import type { Config } from "../config";
import { join } from "../net/join";
import { Button } from "./components";
import { useConfig } from "./context";

type State = ConnectionResult | { kind: "running" } | { kind: "unreachable" };

function textOf(state: State): string {
  switch (state.kind) {
    case "running":
      return gettext("Testing…");
    case "relayed":
      return interpolate(gettext("The connection works. Delay: %(ms)s ms."), { ms: state.rttMs });
    case "no-relay":
      return gettext(
        "The server answers. It has no relay (TURN), so a call may fail on school or office networks.",
      );
    case "blocked":
      return gettext(
        "Your network blocks calls. The board and chat will work; try another network or a phone’s hotspot.",
      );
    case "unreachable":
      return gettext("The server does not answer. Check your internet connection.");
  }
}

async function run(config: Config): Promise<State> {
  try {
    const { ice_servers } = await join(createRequest(config.csrfToken), config, "");
    return await testConnection(ice_servers);
  } catch {
    return { kind: "unreachable" };
  }
}

/** For signed-in people: a guest receives relay credentials only once admitted. */
export function ConnectionTest() {
  const config = useConfig();
  const [state, setState] = useState<State | null>(null);
  const test = () => {
    setState({ kind: "running" });
    void run(config).then(setState);
  };
  return (
    <div className="room-test">
      <Button onClick={test}>{gettext("Test the connection")}</Button>
      <p role="status">{state && textOf(state)}</p>
    </div>
  );
}
