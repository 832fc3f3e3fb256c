type Attributes = Record<string, string | boolean | undefined>;

/** Creates an element. Text is set as textContent, so API data cannot inject markup. */
export function h<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: (Node | string | null)[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === false) continue;
    element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.filter((child) => child !== null));
  return element;
}

export function button(text: string, variant: string, onClick: () => void): HTMLButtonElement {
  const element = h("button", { type: "button", class: `btn ${variant}`.trim() }, text);
  element.addEventListener("click", onClick);
  return element;
}

export function link(text: string, href: string, variant: string): HTMLAnchorElement {
  return h("a", { href, class: `btn ${variant}`.trim() }, text);
}

let lastId = 0;

export function uniqueId(prefix: string): string {
  lastId += 1;
  return `kr-${prefix}-${lastId}`;
}

/** FullCalendar measures what it has drawn and draws again, which takes two frames. */
export function afterDrawing(run: () => void): void {
  requestAnimationFrame(() => requestAnimationFrame(run));
}
