import * as Y from "yjs";
import { ImageStore } from "../room/board/images/image-store";
import { pagesOf } from "../room/board/pages";
import { renderPage } from "../room/board/render";
import { createRequest, errorMessage } from "../shared/api";
import { type PageConfig, readPageConfig } from "../shared/config";
import { gettext, interpolate } from "../shared/gettext";

/** The page's `#board-config`. */
interface Config extends PageConfig {
  /** `/api/classroom/sessions/{uuid}/` */
  roomApi: string;
}

const SCALE = 2;

/** Draws the pages of a lesson's board one below the other, without entering its room. */
export async function showBoard(): Promise<void> {
  const host = document.getElementById("board");
  if (!host) return;
  try {
    const shown = await drawPages(host, readPageConfig<Config>("board-config"));
    host.querySelector(".loading")?.remove();
    if (!shown) host.append(paragraph(gettext("Nothing was drawn in this lesson.")));
  } catch (error) {
    host.replaceChildren(paragraph(errorMessage(error, gettext("The board could not be loaded."))));
  }
}

/** Returns the number of pages that are not empty. */
async function drawPages(host: HTMLElement, config: Config): Promise<number> {
  const request = createRequest(config.csrfToken);
  const response = await request(`${config.roomApi}board/`);
  const doc = new Y.Doc();
  Y.applyUpdate(doc, new Uint8Array(await response.arrayBuffer()));
  const images = new ImageStore(doc.getMap("files"), request, config.roomApi, () => {});
  let shown = 0;
  for (const [index, page] of pagesOf(doc).entries()) {
    const canvas = await renderPage(doc, page.id, images, SCALE);
    if (!canvas) continue;
    shown += 1;
    host.append(figure(canvas, index + 1));
  }
  return shown;
}

function figure(canvas: HTMLCanvasElement, number: number): HTMLElement {
  const label = interpolate(gettext("Page %(number)s"), { number });
  canvas.removeAttribute("style");
  canvas.setAttribute("role", "img");
  canvas.setAttribute("aria-label", label);
  const caption = document.createElement("figcaption");
  caption.textContent = label;
  const element = document.createElement("figure");
  element.append(canvas, caption);
  return element;
}

function paragraph(text: string): HTMLElement {
  const element = document.createElement("p");
  element.textContent = text;
  element.setAttribute("role", "status");
  return element;
}
