const FIRST = 500;
const LONGEST = 15_000;

/**
 * How long to wait before attempt number `attempt` (from 0), in ms. Half of it is random, so that a
 * whole school does not come back in the same instant when a server restarts.
 */
export function backoff(attempt: number, random: () => number = Math.random): number {
  const ceiling = Math.min(LONGEST, FIRST * 2 ** attempt);
  return Math.round(ceiling / 2 + (random() * ceiling) / 2);
}
