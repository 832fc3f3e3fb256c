const INITIAL_MS = 500;
const MAX_MS = 15_000;

/**
 * Delay in ms before attempt number `attempt` (from 0). Half of it is random, so that the clients of
 * a school do not all reconnect at the same instant when a server restarts.
 */
export function backoff(attempt: number, random: () => number = Math.random): number {
  const ceiling = Math.min(MAX_MS, INITIAL_MS * 2 ** attempt);
  return Math.round(ceiling / 2 + (random() * ceiling) / 2);
}
