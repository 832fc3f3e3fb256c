/** Longest wait: a hidden page paints nothing. */
const TIMEOUT_MS = 250;

/** Calls back once the browser has painted the next frame; returns a function that cancels it. */
export function afterPaint(callback: () => void): () => void {
  const timers: ReturnType<typeof setTimeout>[] = [];
  const cancel = () => {
    cancelAnimationFrame(frame);
    for (const timer of timers) clearTimeout(timer);
  };
  const done = () => {
    cancel();
    callback();
  };
  const frame = requestAnimationFrame(() => timers.push(setTimeout(done)));
  timers.push(setTimeout(done, TIMEOUT_MS));
  return cancel;
}
