/**
 * Validates elements of the document. The document is untrusted input, and one value of a wrong type
 * makes Excalidraw throw on every client, so each element is rebuilt from the known properties, with
 * their types and bounds checked.
 */
import type { ExcalidrawElement } from "@excalidraw/excalidraw/element/types";
import { limitFill } from "./fill-limits";
import {
  boolean,
  id,
  integer,
  isId,
  isNumber,
  isObject,
  listOf,
  number,
  oneOf,
  type Reader,
  text,
} from "./readers";

type Properties = Record<string, unknown>;
type Point = [number, number];

/** Excalidraw's arithmetic is unreliable beyond this coordinate. */
const MAX_COORDINATE = 1e7;
const MAX_SIDE = 1e6;
/** More points do not fit into an element of the maximum size. */
const MAX_POINTS = 90_000;
const MAX_TEXT_LENGTH = 100_000;
const MAX_LINK_LENGTH = 2000;
const MAX_NAME_LENGTH = 200;
const MAX_FORMULA_LENGTH = 10_000;
/** Each change increments the version, which must stay below 2 ** 53. */
const MAX_VERSION = 2 ** 50;
const MAX_GROUPS = 50;
const MAX_BOUND_ELEMENTS = 1000;

const COLOUR_PATTERN = /^(#[\da-f]{3,8}|[a-z]{1,30}|(rgb|hsl)a?\([\d\s.,%/a-z-]{1,60}\))$/i;

function colour(fallback: string): Reader<string> {
  return (value) => (typeof value === "string" && COLOUR_PATTERN.test(value) ? value : fallback);
}

/** Absolute http(s) and mailto URLs only, never a scheme that the browser would execute. */
const link: Reader<string | null> = (value) => {
  if (typeof value !== "string" || value.length > MAX_LINK_LENGTH) return null;
  const address = [value, `https://${value}`].find((candidate) => URL.canParse(candidate));
  const isSafe = address !== undefined && /^(https?|mailto):$/.test(new URL(address).protocol);
  return isSafe ? address : null;
};

/**
 * A key of the fractional-indexing package, which throws on invalid keys: the first letter encodes
 * the number of integer digits, and the fraction must not end in 0.
 */
const index: Reader<string | null> = (value) => {
  if (typeof value !== "string" || !/^[A-Za-z][\dA-Za-z]{1,400}$/.test(value)) return null;
  const head = value.charCodeAt(0);
  const digits = value[0] === value[0]?.toLowerCase() ? head - 96 : 91 - head;
  const fraction = value.slice(1 + digits);
  const isWhole = value.length > digits && !/^A0+$/.test(value.slice(0, 1 + digits));
  return isWhole && !fraction.endsWith("0") ? value : null;
};

const point: Reader<Point | null> = (value) => {
  if (!Array.isArray(value)) return null;
  const [x, y] = value;
  const isNear = isNumber(x, -MAX_SIDE, MAX_SIDE) && isNumber(y, -MAX_SIDE, MAX_SIDE);
  return isNear ? [x, y] : null;
};

/** Returns null when any point is invalid, since dropping one would change the line. */
function points(value: unknown): Point[] | null {
  if (!Array.isArray(value) || !value.length || value.length > MAX_POINTS) return null;
  const found = value.map(point);
  return found.every((entry) => entry !== null) ? found : null;
}

const roundness: Reader<Properties | null> = (value) => {
  if (!isObject(value) || ![1, 2, 3].includes(value.type as number)) return null;
  const radius = isNumber(value.value, 0, MAX_SIDE) ? { value: value.value } : {};
  return { type: value.type, ...radius };
};

const boundElement: Reader<Properties | null> = (value) => {
  if (!isObject(value) || !isId(value.id)) return null;
  return value.type === "arrow" || value.type === "text"
    ? { id: value.id, type: value.type }
    : null;
};

const binding: Reader<Properties | null> = (value) => {
  if (!isObject(value) || !isId(value.elementId)) return null;
  const at = Array.isArray(value.fixedPoint) ? value.fixedPoint : [];
  const isFixed = isNumber(at[0], -100, 100) && isNumber(at[1], -100, 100);
  return {
    elementId: value.elementId,
    focus: number(-100, 100, 0)(value.focus),
    gap: number(0, MAX_SIDE, 1)(value.gap),
    ...(isFixed ? { fixedPoint: [at[0], at[1]] } : {}),
  };
};

/** Kreida's own data on formulae and PDF pages. */
const customData: Reader<Properties | null> = (value) => {
  if (!isObject(value)) return null;
  if (value.pdf === true) return { pdf: true };
  if (typeof value.latex !== "string" || value.latex.length > MAX_FORMULA_LENGTH) return null;
  const { latex, natural } = value;
  return isNumber(natural, 1e-3, MAX_SIDE) ? { latex, natural } : { latex };
};

const crop: Reader<Properties | null> = (value) => {
  if (!isObject(value)) return null;
  const { x, y, width, height, naturalWidth, naturalHeight } = value;
  const isInside = [x, y].every((entry) => isNumber(entry, -MAX_SIDE, MAX_SIDE));
  const sides = [width, height, naturalWidth, naturalHeight];
  if (!isInside || !sides.every((side) => isNumber(side, 1e-3, MAX_SIDE))) return null;
  return { x, y, width, height, naturalWidth, naturalHeight };
};

const scale: Reader<Point> = (value) => {
  const [x, y] = Array.isArray(value) ? value : [];
  return [x === -1 ? -1 : 1, y === -1 ? -1 : 1];
};

const arrowhead = oneOf(
  [
    ...["arrow", "bar", "dot", "circle", "circle_outline", "triangle", "triangle_outline"],
    ...["diamond", "diamond_outline", "crowfoot_one", "crowfoot_many", "crowfoot_one_or_many"],
    null,
  ],
  null,
);

/** Properties of every element, except id, type, position and size, which are required. */
const COMMON_PROPERTIES: Readonly<Record<string, Reader<unknown>>> = {
  angle: number(-1000, 1000, 0),
  strokeColor: colour("#1e1e1e"),
  backgroundColor: colour("transparent"),
  fillStyle: oneOf(["solid", "hachure", "cross-hatch", "zigzag"], "solid"),
  strokeWidth: number(0.1, 200, 2),
  strokeStyle: oneOf(["solid", "dashed", "dotted"], "solid"),
  roughness: number(0, 5, 1),
  opacity: number(0, 100, 100),
  roundness,
  seed: integer(0, 2 ** 31, 1),
  version: integer(1, MAX_VERSION, 1),
  versionNonce: integer(0, 2 ** 32, 0),
  index,
  isDeleted: boolean(false),
  groupIds: listOf(id, MAX_GROUPS),
  frameId: id,
  boundElements: listOf(boundElement, MAX_BOUND_ELEMENTS),
  updated: number(0, 2 ** 52, 1),
  link,
  locked: boolean(false),
};

const LINE_PROPERTIES: Readonly<Record<string, Reader<unknown>>> = {
  startBinding: binding,
  endBinding: binding,
  startArrowhead: arrowhead,
  endArrowhead: arrowhead,
  lastCommittedPoint: point,
};

/** Properties by type; those that depend on several properties are handled in `withDerivedProperties`. */
const PROPERTIES_BY_TYPE: Readonly<Record<string, Readonly<Record<string, Reader<unknown>>>>> = {
  rectangle: {},
  diamond: {},
  ellipse: {},
  arrow: {
    ...LINE_PROPERTIES,
    endArrowhead: (value) => (value === undefined ? "arrow" : arrowhead(value)),
  },
  line: LINE_PROPERTIES,
  freedraw: {
    pressures: listOf((value) => number(0, 1, 0.5)(value), MAX_POINTS),
    simulatePressure: boolean(true),
    lastCommittedPoint: point,
  },
  text: {
    fontSize: number(0.1, 10_000, 20),
    fontFamily: oneOf([1, 2, 3, 5, 6, 7, 8, 9], 5),
    text: text(MAX_TEXT_LENGTH),
    originalText: text(MAX_TEXT_LENGTH),
    textAlign: oneOf(["left", "center", "right"], "left"),
    verticalAlign: oneOf(["top", "middle", "bottom"], "top"),
    containerId: id,
    autoResize: boolean(true),
    lineHeight: number(0.1, 10, 1.25),
  },
  image: { fileId: id, status: oneOf(["pending", "saved", "error"], "saved"), scale, crop },
  frame: { name: (value) => (typeof value === "string" ? text(MAX_NAME_LENGTH)(value) : null) },
  magicframe: {
    name: (value) => (typeof value === "string" ? text(MAX_NAME_LENGTH)(value) : null),
  },
};

function fixedSegments(value: unknown, last: number): Properties[] | null {
  if (!Array.isArray(value) || value.length > last) return null;
  const found = value.map((segment: unknown) => {
    if (!isObject(segment) || !Number.isInteger(segment.index)) return null;
    const [start, end] = [point(segment.start), point(segment.end)];
    const isInside = isNumber(segment.index, 1, last);
    return start && end && isInside ? { start, end, index: segment.index } : null;
  });
  return found.every((segment) => segment !== null) ? found : null;
}

/** Excalidraw throws when an elbow arrow without right angles is moved. */
function elbow(value: Properties, line: Point[]): Properties {
  const isSquare = line.every(([x, y], at) => {
    const [left, top] = line[at - 1] ?? [x, y];
    return Math.abs(x - left) < 1 || Math.abs(y - top) < 1;
  });
  if (value.elbowed !== true || !isSquare) return { elbowed: false };
  return {
    elbowed: true,
    fixedSegments: fixedSegments(value.fixedSegments, line.length - 1),
    startIsSpecial: value.startIsSpecial === true,
    endIsSpecial: value.endIsSpecial === true,
  };
}

/** Derives values that depend on several properties; null when the element is invalid. */
function withDerivedProperties(element: Properties, value: Properties): Properties | null {
  const { type } = element;
  if (element.frameId === element.id) element.frameId = null;
  if (type === "frame" || type === "magicframe") element.frameId = null;
  const extra = customData(value.customData);
  if (extra && type === "image") element.customData = extra;
  if (type === "text") {
    if (typeof value.text !== "string") return null;
    if (typeof value.originalText !== "string") element.originalText = element.text;
    if (element.containerId === element.id) element.containerId = null;
  }
  if (type === "arrow" || type === "line" || type === "freedraw") {
    const line = points(value.points);
    if (!line) return null;
    element.points = line;
    if (type === "arrow") Object.assign(element, elbow(value, line));
  }
  return element;
}

/** Builds a valid element; null when that is not possible. */
function parseUncached(value: unknown): Properties | null {
  if (!isObject(value) || !isId(value.id) || typeof value.type !== "string") return null;
  const typeProperties = Object.hasOwn(PROPERTIES_BY_TYPE, value.type)
    ? PROPERTIES_BY_TYPE[value.type]
    : undefined;
  const { x, y, width, height } = value;
  const isNear = [x, y].every((place) => isNumber(place, -MAX_COORDINATE, MAX_COORDINATE));
  const isSmall = [width, height].every((side) => isNumber(side, -MAX_SIDE, MAX_SIDE));
  const isOld = typeof value.version !== "number" || value.version <= MAX_VERSION;
  if (!typeProperties || !isNear || !isSmall || !isOld) return null;
  const element: Properties = { id: value.id, type: value.type, x, y, width, height };
  for (const [name, read] of Object.entries({ ...COMMON_PROPERTIES, ...typeProperties }))
    element[name] = read(value[name]);
  const completed = withDerivedProperties(element, value);
  return completed && limitFill(completed);
}

/** Values in the document are immutable, so each is parsed once. */
const cache = new WeakMap<object, ExcalidrawElement | null>();

/** Parses a value of the document. The result is cached and must not be mutated. */
export function parseElement(id: string, value: unknown): ExcalidrawElement | null {
  if (typeof value !== "object" || value === null) return null;
  let element = cache.get(value);
  if (element === undefined) {
    element = parseUncached(value) as ExcalidrawElement | null;
    cache.set(value, element);
  }
  return element?.id === id ? element : null;
}
