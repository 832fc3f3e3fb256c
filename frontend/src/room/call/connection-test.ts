import { withTimeout } from "../../shared/with-timeout";

/** How the test of the connection ended. */
export type ConnectionResult =
  /** A packet went through the TURN server and back in `rttMs`. */
  | { kind: "relayed"; rttMs: number }
  /** The server has no TURN server, so only a direct call is possible. */
  | { kind: "no-relay" }
  /** The TURN server did not pass a packet within the time limit. */
  | { kind: "blocked" };

const TIMEOUT_MS = 10_000;

export function hasRelay(servers: readonly RTCIceServer[]): boolean {
  return servers.some(({ urls }) => [urls].flat().some((url) => /^turns?:/.test(url)));
}

/** Sends a packet to ourselves through the TURN server, as a call on a closed network would. */
export async function testConnection(servers: RTCIceServer[]): Promise<ConnectionResult> {
  if (!hasRelay(servers)) return { kind: "no-relay" };
  const configuration: RTCConfiguration = { iceServers: servers, iceTransportPolicy: "relay" };
  const pair = [
    new RTCPeerConnection(configuration),
    new RTCPeerConnection(configuration),
  ] as const;
  try {
    const channel = await withTimeout(connect(...pair), TIMEOUT_MS);
    const rttMs = await withTimeout(measureRoundTrip(channel), TIMEOUT_MS);
    return { kind: "relayed", rttMs };
  } catch {
    return { kind: "blocked" };
  } finally {
    for (const connection of pair) connection.close();
  }
}

/** Connects two connections of this page; the second one echoes what it receives. */
async function connect(one: RTCPeerConnection, other: RTCPeerConnection): Promise<RTCDataChannel> {
  forwardCandidates(one, other);
  forwardCandidates(other, one);
  other.ondatachannel = ({ channel }) => {
    channel.onmessage = ({ data }) => channel.send(data as string);
  };
  const channel = one.createDataChannel("test");
  const opened = new Promise<RTCDataChannel>((resolve) => {
    channel.onopen = () => resolve(channel);
  });
  await one.setLocalDescription();
  await other.setRemoteDescription(one.localDescription as RTCSessionDescription);
  await other.setLocalDescription();
  await one.setRemoteDescription(other.localDescription as RTCSessionDescription);
  return opened;
}

function forwardCandidates(from: RTCPeerConnection, to: RTCPeerConnection): void {
  const early: RTCIceCandidate[] = [];
  const flush = () => {
    if (to.remoteDescription) for (const each of early.splice(0)) void to.addIceCandidate(each);
  };
  from.onicecandidate = ({ candidate }) => {
    if (candidate) early.push(candidate);
    flush();
  };
  to.addEventListener("signalingstatechange", flush);
}

function measureRoundTrip(channel: RTCDataChannel): Promise<number> {
  const sentAt = performance.now();
  return new Promise((resolve) => {
    channel.onmessage = () => resolve(Math.round(performance.now() - sentAt));
    channel.send("ping");
  });
}
