/** A minimal observable store for React's useSyncExternalStore. */
export class Store<S> {
  #listeners = new Set<() => void>();
  constructor(private state: S) {}

  readonly get = (): S => this.state;

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  set(next: S): void {
    if (next === this.state) return;
    this.state = next;
    for (const listener of [...this.#listeners]) listener();
  }

  patch(part: Partial<S>): void {
    this.set({ ...this.state, ...part });
  }
}
