type PointerKind = "pointerdown" | "pointermove" | "pointerup" | "pointercancel";
const KINDS: readonly PointerKind[] = ["pointerdown", "pointermove", "pointerup", "pointercancel"];

export type Pointer = Pick<PointerEvent, "type" | "pointerId" | "pointerType">;

/** Decides which touches are the palm of the hand that holds the pen. */
export class PalmFilter {
  #pens = new Set<number>();
  #touches = new Set<number>();
  #palms = new Set<number>();

  /** Whether Excalidraw must not see the event; `lifted` are the touches that the pen ends. */
  read({ type, pointerId, pointerType }: Pointer): { isPalm: boolean; lifted: number[] } {
    const isDown = type === "pointerdown";
    const isUp = type === "pointerup" || type === "pointercancel";
    let lifted: number[] = [];
    if (pointerType === "pen") {
      if (isDown) {
        this.#pens.add(pointerId);
        lifted = [...this.#touches];
        for (const touch of this.#touches) this.#palms.add(touch);
        this.#touches.clear();
      } else if (isUp) this.#pens.delete(pointerId);
    } else if (pointerType === "touch" && isDown) {
      (this.#pens.size ? this.#palms : this.#touches).add(pointerId);
    }
    const isPalm = this.#palms.has(pointerId);
    if (isUp) {
      this.#palms.delete(pointerId);
      this.#touches.delete(pointerId);
    }
    return { isPalm, lifted };
  }
}

/** While a pen touches the board, fingers neither move nor zoom it. */
export function ignorePalms(host: HTMLElement): () => void {
  const filter = new PalmFilter();
  const listen = (event: PointerEvent) => {
    const isOnBoard = event.target instanceof Node && host.contains(event.target);
    // Events that this function dispatches are for Excalidraw alone.
    if (!event.isTrusted || (event.type === "pointerdown" && !isOnBoard)) return;
    const { isPalm, lifted } = filter.read(event);
    if (isPalm) event.stopImmediatePropagation();
    for (const pointerId of lifted) {
      const init = { pointerId, pointerType: "touch", bubbles: true };
      event.target?.dispatchEvent(new PointerEvent("pointerup", init));
    }
  };
  for (const kind of KINDS) addEventListener(kind, listen, true);
  return () => {
    for (const kind of KINDS) removeEventListener(kind, listen, true);
  };
}
