import * as Y from "yjs";
import { ImageStore } from "../room/board/images/image-store";
import { pagesOf } from "../room/board/pages";
import { hasContent, renderPage } from "../room/board/render";
import { createRequest, errorMessage } from "../shared/api";
import { type PageConfig, readPageConfig } from "../shared/config";
import { gettext, interpolate } from "../shared/gettext";
import { PanAndZoom, ZOOM_STEP } from "./pan-and-zoom";

/** The page's `#board-config`. */
interface Config extends PageConfig {
  /** `/api/classroom/sessions/{uuid}/` */
  roomApi: string;
}

interface Board {
  doc: Y.Doc;
  images: ImageStore;
  /** The pages that are not empty, with their numbers. */
  pages: { id: string; number: number }[];
}

const SCALE = 2;

/** Shows the pages of a lesson's board without entering its room. */
export async function showBoard(): Promise<void> {
  const host = document.getElementById("board");
  if (!host) return;
  try {
    const board = await loadBoard(readPageConfig<Config>("board-config"));
    if (board.pages.length) await new BoardViewer(host, board).showPage(0);
    else host.replaceChildren(paragraph(gettext("Nothing was drawn in this lesson.")));
  } catch (error) {
    host.replaceChildren(paragraph(errorMessage(error, gettext("The board could not be loaded."))));
  }
}

async function loadBoard(config: Config): Promise<Board> {
  const request = createRequest(config.csrfToken);
  const response = await request(`${config.roomApi}board/`);
  const doc = new Y.Doc();
  Y.applyUpdate(doc, new Uint8Array(await response.arrayBuffer()));
  const images = new ImageStore(doc.getMap("files"), request, config.roomApi, () => {});
  const pages = pagesOf(doc)
    .map(({ id }, index) => ({ id, number: index + 1 }))
    .filter(({ id }) => hasContent(doc, id));
  return { doc, images, pages };
}

class BoardViewer {
  private current = 0;
  private readonly window = document.createElement("div");
  private readonly scale = document.createElement("output");
  private readonly page = document.createElement("output");
  private readonly previous: HTMLButtonElement;
  private readonly next: HTMLButtonElement;
  private readonly panAndZoom: PanAndZoom;

  constructor(
    host: HTMLElement,
    private readonly board: Board,
  ) {
    this.window.className = "board-window";
    this.window.tabIndex = 0;
    this.panAndZoom = new PanAndZoom(this.window, (scale) => this.showScale(scale));
    this.previous = button("‹", gettext("Previous page"), () => this.showPage(this.current - 1));
    this.next = button("›", gettext("Next page"), () => this.showPage(this.current + 1));
    this.window.addEventListener("keydown", (event) => {
      if (event.key === "PageUp") void this.showPage(this.current - 1);
      else if (event.key === "PageDown") void this.showPage(this.current + 1);
      else return;
      event.preventDefault();
    });
    host.replaceChildren(this.toolbar(), this.window);
  }

  async showPage(index: number): Promise<void> {
    const { doc, images, pages } = this.board;
    const page = pages[index];
    if (!page) return;
    this.current = index;
    const canvas = await renderPage(doc, page.id, images, SCALE).catch(() => null);
    if (this.current !== index) return; // another page was chosen meanwhile
    const label = interpolate(gettext("Page %(number)s"), { number: page.number });
    this.page.textContent = label;
    this.previous.disabled = index === 0;
    this.next.disabled = index === pages.length - 1;
    if (!canvas) {
      this.panAndZoom.clear();
      this.window.replaceChildren(paragraph(gettext("This page could not be shown.")));
      return;
    }
    canvas.removeAttribute("style");
    canvas.setAttribute("role", "img");
    canvas.setAttribute("aria-label", label);
    this.window.setAttribute("role", "group");
    this.window.setAttribute("aria-label", gettext("Page of the board"));
    this.panAndZoom.show(canvas, SCALE);
  }

  private toolbar(): HTMLElement {
    const bar = document.createElement("div");
    bar.className = "board-toolbar";
    if (this.board.pages.length > 1) bar.append(this.previous, this.page, this.next);
    bar.append(
      button("−", gettext("Zoom out"), () => this.panAndZoom.zoom(1 / ZOOM_STEP)),
      this.scale,
      button("+", gettext("Zoom in"), () => this.panAndZoom.zoom(ZOOM_STEP)),
      button(gettext("Fit page"), "", () => this.panAndZoom.fit()),
    );
    return bar;
  }

  private showScale(scale: number): void {
    const { lang } = document.documentElement;
    this.scale.textContent = new Intl.NumberFormat(lang, { style: "percent" }).format(scale);
  }
}

function button(text: string, label: string, onClick: () => void): HTMLButtonElement {
  const element = document.createElement("button");
  element.type = "button";
  element.className = "btn small";
  element.textContent = text;
  if (label) element.setAttribute("aria-label", label);
  element.addEventListener("click", onClick);
  return element;
}

function paragraph(text: string): HTMLElement {
  const element = document.createElement("p");
  element.textContent = text;
  element.setAttribute("role", "status");
  return element;
}
