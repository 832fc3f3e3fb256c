import "katex/dist/katex.min.css";
import katex from "katex";
import { canvasToBlob } from "./image-files";

const FONT_PX = 32;
/** Image pixels per board unit, so that the formula stays sharp when enlarged. */
const PIXEL_RATIO = 3;
const MARGIN_PX = 6;

export interface FormulaPicture {
  blob: Blob;
  width: number;
  height: number;
}

/** Renders the formula into `host`; throws katex.ParseError with a description of the mistake. */
export function showFormula(source: string, host: HTMLElement): void {
  katex.render(source, host, {
    displayMode: true,
    throwOnError: true,
    output: "html",
    trust: false,
    maxExpand: 500,
    maxSize: 50,
  });
}

export function parseErrorText(error: unknown): string | null {
  return error instanceof katex.ParseError ? error.rawMessage : null;
}

function textNodes(host: HTMLElement): Text[] {
  const walker = document.createTreeWalker(host, NodeFilter.SHOW_TEXT);
  const found: Text[] = [];
  while (walker.nextNode()) found.push(walker.currentNode as Text);
  return found;
}

function drawText(context: CanvasRenderingContext2D, node: Text, origin: DOMRect): void {
  if (!node.data.trim() || !node.parentElement) return;
  const style = getComputedStyle(node.parentElement);
  const range = document.createRange();
  range.selectNodeContents(node);
  const box = range.getClientRects()[0];
  if (!box) return;
  context.font = `${style.fontStyle} ${style.fontWeight} ${style.fontSize} ${style.fontFamily}`;
  const { fontBoundingBoxAscent: ascent, fontBoundingBoxDescent: descent } = context.measureText(
    node.data,
  );
  // The height of a text box is its font's ascent plus descent, which gives the baseline.
  const spare = (box.height - ascent - descent) / 2;
  context.fillText(node.data, box.left - origin.left, box.top - origin.top + spare + ascent);
}

const SIDES = ["Top", "Bottom", "Left", "Right"] as const;

function drawRules(context: CanvasRenderingContext2D, element: Element, origin: DOMRect): void {
  const style = getComputedStyle(element);
  const box = element.getBoundingClientRect();
  const [left, top] = [box.left - origin.left, box.top - origin.top];
  for (const side of SIDES) {
    const size = Number.parseFloat(style[`border${side}Width`]);
    if (!size || style[`border${side}Style`] === "none") continue;
    const thick = Math.max(size, 1);
    const flat = side === "Top" || side === "Bottom";
    context.fillRect(
      side === "Right" ? left + box.width - thick : left,
      side === "Bottom" ? top + box.height - size : top,
      flat ? box.width : thick,
      flat ? thick : box.height,
    );
  }
}

/** Draws KaTeX's SVG paths (roots, braces, arrows), clipped to their box in view box units. */
function drawPaths(context: CanvasRenderingContext2D, svg: SVGSVGElement, origin: DOMRect): void {
  const clip = (svg.parentElement ?? svg).getBoundingClientRect();
  const box = svg.getBoundingClientRect();
  const view = svg.viewBox.baseVal;
  if (!view?.width || !view.height) return;
  const slice = (svg.getAttribute("preserveAspectRatio") ?? "").includes("slice");
  const [scaleX, scaleY] = [box.width / view.width, box.height / view.height];
  const none = svg.getAttribute("preserveAspectRatio") === "none";
  const uniformScale = slice ? Math.max(scaleX, scaleY) : Math.min(scaleX, scaleY);
  const align = svg.getAttribute("preserveAspectRatio") ?? "xMidYMid";
  const spare = box.width - view.width * uniformScale;
  const shift = none || align.includes("xMin") ? 0 : align.includes("xMax") ? spare : spare / 2;
  context.save();
  context.beginPath();
  context.rect(clip.left - origin.left, clip.top - origin.top, clip.width, clip.height);
  context.clip();
  context.translate(box.left - origin.left + shift, box.top - origin.top);
  context.scale(none ? scaleX : uniformScale, none ? scaleY : uniformScale);
  context.translate(-view.x, -view.y);
  for (const path of svg.querySelectorAll("path")) {
    context.fill(new Path2D(path.getAttribute("d") ?? ""));
  }
  context.restore();
}

function drawToCanvas(host: HTMLElement): { canvas: HTMLCanvasElement; box: DOMRect } {
  const content = host.querySelector(".katex-html") ?? host;
  const inner = content.getBoundingClientRect();
  const box = new DOMRect(
    inner.left - MARGIN_PX,
    inner.top - MARGIN_PX,
    inner.width + 2 * MARGIN_PX,
    inner.height + 2 * MARGIN_PX,
  );
  const canvas = document.createElement("canvas");
  canvas.width = Math.ceil(box.width * PIXEL_RATIO);
  canvas.height = Math.ceil(box.height * PIXEL_RATIO);
  const context = canvas.getContext("2d");
  if (!context) throw new Error("no canvas");
  context.scale(PIXEL_RATIO, PIXEL_RATIO);
  // The background is transparent, as for strokes.
  context.fillStyle = "#1e1e1e";
  for (const element of content.querySelectorAll("span")) drawRules(context, element, box);
  for (const svg of content.querySelectorAll("svg")) drawPaths(context, svg, box);
  for (const node of textNodes(host)) drawText(context, node, box);
  return { canvas, box };
}

/**
 * Renders a formula to an image by drawing KaTeX's layout piece by piece, because an SVG with a
 * foreignObject does not work in every browser.
 */
export async function renderFormula(source: string): Promise<FormulaPicture> {
  const host = document.createElement("div");
  host.className = "room-formula-stage";
  host.style.fontSize = `${FONT_PX}px`;
  document.body.append(host);
  try {
    showFormula(source, host);
    // The first layout starts loading the fonts; the second one uses their real metrics.
    host.getBoundingClientRect();
    await document.fonts.ready;
    const { canvas, box } = drawToCanvas(host);
    return { blob: await canvasToBlob(canvas), width: box.width, height: box.height };
  } finally {
    host.remove();
  }
}
