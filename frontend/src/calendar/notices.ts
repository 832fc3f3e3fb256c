import { gettext } from "../shared/gettext";
import { button, h } from "./dom";

export interface Action {
  text: string;
  run: () => void;
}

export interface Notice {
  text: string;
  /** An alert interrupts a screen reader and stays until dismissed. */
  alert?: boolean;
  action?: Action;
  link?: { text: string; href: string };
}

export type Notices = ReturnType<typeof createNotices>;

const NOTICE_DURATION_MS = 10_000;

/** Notices at the bottom of the page. Both live regions must exist from the start to be announced. */
export function createNotices() {
  const polite = h("div", { role: "status", class: "kr-notices-region" });
  const urgent = h("div", { role: "alert", class: "kr-notices-region" });
  document.body.append(h("div", { class: "kr-notices" }, urgent, polite));

  function show(notice: Notice): void {
    const element = h("div", { class: notice.alert ? "notice overlay error" : "notice overlay" });
    element.append(h("span", {}, notice.text));
    const remove = () => element.remove();
    const { action, link } = notice;
    if (action) {
      element.append(
        button(action.text, "small", () => {
          remove();
          action.run();
        }),
      );
    }
    if (link) element.append(h("a", { href: link.href, class: "btn small" }, link.text));
    const close = button("×", "quiet icon", remove);
    close.setAttribute("aria-label", gettext("Close"));
    element.append(close);
    // Earlier notices are outdated.
    for (const region of [urgent, polite]) region.replaceChildren();
    (notice.alert ? urgent : polite).append(element);
    if (!notice.alert) scheduleRemoval(element, remove);
  }

  return { show };
}

/** Keeps a notice open while it is hovered or focused. */
function scheduleRemoval(element: HTMLElement, remove: () => void): void {
  setTimeout(() => {
    if (element.matches(":hover, :focus-within")) scheduleRemoval(element, remove);
    else remove();
  }, NOTICE_DURATION_MS);
}

/** A popover at a point of the window. Only one is open; Escape or an outside click closes it. */
export function createPopover() {
  const region = h("div", { role: "alert", class: "kr-popover-region" });
  document.body.append(region);
  const hide = () => region.replaceChildren();
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") hide();
  });
  document.addEventListener("pointerdown", (event) => {
    if (event.target instanceof Node && !region.contains(event.target)) hide();
  });

  function show(at: { x: number; y: number }, title: string, text: string, action?: Action): void {
    const close = button("×", "quiet icon", hide);
    close.setAttribute("aria-label", gettext("Close"));
    const popover = h(
      "div",
      { class: "notice overlay error kr-popover" },
      close,
      h("strong", {}, title),
      h("p", {}, text),
      action ? actionButton(action) : null,
    );
    region.replaceChildren(popover);
    positionPopover(popover, at);
  }

  function actionButton({ text, run }: Action): HTMLElement {
    const act = () => {
      hide();
      run();
    };
    return h("p", { class: "actions" }, button(text, "small", act));
  }

  return { show, hide };
}

function positionPopover(popover: HTMLElement, at: { x: number; y: number }): void {
  const margin = 8;
  const { width, height } = popover.getBoundingClientRect();
  const left = Math.min(Math.max(at.x - width / 2, margin), innerWidth - width - margin);
  const below = at.y + 12;
  const fits = below + height + margin <= innerHeight;
  popover.style.left = `${left}px`;
  popover.style.top = `${Math.max(fits ? below : at.y - height - 12, margin)}px`;
}

const LOADING_DELAY_MS = 500;

/** Shows a loading indicator once a request takes noticeably long. */
export function createLoadingIndicator(host: HTMLElement): (change: 1 | -1) => void {
  const region = h("div", { role: "status", class: "kr-loading" });
  host.append(region);
  let running = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;
  return (change) => {
    running += change;
    if (running === 1 && change === 1) {
      timer = setTimeout(() => {
        region.replaceChildren(
          h("span", { class: "spinner", "aria-hidden": "true" }),
          gettext("Loading…"),
        );
      }, LOADING_DELAY_MS);
    }
    if (running > 0) return;
    clearTimeout(timer);
    region.replaceChildren();
  };
}
