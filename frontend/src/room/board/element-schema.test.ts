import { describe, expect, it } from "vitest";
import { parseElement } from "./element-schema";

type Properties = Record<string, unknown>;

const BASE: Properties = {
  ...{ id: "a", type: "rectangle", x: 10, y: 20, width: 30, height: 40, angle: 0 },
  ...{ strokeColor: "#1971c2", backgroundColor: "transparent", fillStyle: "hachure" },
  ...{ strokeWidth: 2, strokeStyle: "dashed", roughness: 1, opacity: 80 },
  ...{ roundness: { type: 3, value: 8 }, seed: 5, version: 3, versionNonce: 9, index: "a1V" },
  ...{ isDeleted: false, groupIds: ["g"], frameId: null, updated: 1, locked: false },
  ...{ boundElements: [{ id: "t", type: "text" }], link: "https://kreida.example/" },
};
const LINE: Properties = {
  ...BASE,
  points: [
    [0, 0],
    [30, 0],
    [30, 40],
  ],
  lastCommittedPoint: null,
  startBinding: { elementId: "b", focus: 0.5, gap: 2 },
  endBinding: { elementId: "c", focus: 0, gap: 1, fixedPoint: [0.5, 1] },
  startArrowhead: null,
  endArrowhead: "arrow",
};
const VALID: Record<string, Properties> = {
  rectangle: BASE,
  diamond: { ...BASE, type: "diamond" },
  ellipse: { ...BASE, type: "ellipse" },
  line: { ...LINE, type: "line" },
  arrow: {
    ...{ ...LINE, type: "arrow", elbowed: true, startIsSpecial: false, endIsSpecial: false },
    fixedSegments: [{ start: [0, 0], end: [30, 0], index: 1 }],
  },
  freedraw: {
    ...{ ...BASE, type: "freedraw", points: LINE.points, lastCommittedPoint: [30, 40] },
    ...{ pressures: [0.1, 0.5, 0.9], simulatePressure: false },
  },
  text: {
    ...{ ...BASE, type: "text", text: "Дріб 🧮", originalText: "Дріб 🧮", fontSize: 20 },
    ...{ fontFamily: 5, textAlign: "center", verticalAlign: "middle", containerId: "b" },
    ...{ autoResize: true, lineHeight: 1.25 },
  },
  image: {
    ...{ ...BASE, type: "image", fileId: "f", status: "saved", scale: [1, -1] },
    crop: { x: 0, y: 0, width: 5, height: 5, naturalWidth: 10, naturalHeight: 10 },
    customData: { latex: "\\frac{a}{b}", natural: 40 },
  },
  frame: { ...BASE, type: "frame", name: "Задача 1" },
  magicframe: { ...BASE, type: "magicframe", name: null },
};

const INVALID_VALUES: readonly unknown[] = [
  ...[undefined, null, true, false, 0, 5, -1, 1e300, -1e300, Number.NaN, Infinity, 10n, 2 ** 53],
  ...["", "x", "__proto__", "constructor", "javascript:alert(1)", "\u202e", "😀".repeat(60_000)],
  ...[[], [[]], [null], ["x"], [5], [[0, "1"]], [[Number.NaN, 0]], [{}], [{ id: "x" }]],
  ...[{}, { a: 1 }, { type: 3, value: "x" }, { elementId: 5 }, { elementId: "x", focus: "y" }],
  ...[{ toString: 5 }, new Uint8Array(3), Array.from({ length: 100_001 }, () => [0, 0])],
];

/** Whether the value is plain data within bounds. */
function isPlainData(value: unknown): boolean {
  if (value === null || typeof value === "boolean") return true;
  if (typeof value === "number") return Number.isFinite(value) && Math.abs(value) <= 2 ** 52;
  if (typeof value === "string") return value.length <= 100_000 && !/[\uD800-\uDBFF]$/.test(value);
  if (Array.isArray(value)) return value.length <= 90_000 && value.every(isPlainData);
  if (typeof value !== "object" || Object.getPrototypeOf(value) !== Object.prototype) return false;
  return Object.values(value).every(isPlainData);
}

const ELBOW_PROPERTIES = ["fixedSegments", "startIsSpecial", "endIsSpecial"];
const OPTIONAL_TEXT = ["index", "link", "name", "fileId", "frameId", "containerId"];

/** Whether each property has the type that it has in the valid element; optional ones may be null. */
function sameShape(found: Properties, valid: Properties): boolean {
  return Object.entries(valid).every(([name, value]) => {
    const other = found[name];
    if (name === "customData") return true;
    if (ELBOW_PROPERTIES.includes(name) && found.elbowed === false) return !(name in found);
    if (OPTIONAL_TEXT.includes(name) || name.endsWith("Arrowhead")) {
      return other === null || typeof other === "string";
    }
    if (value === null || (typeof value === "object" && !Array.isArray(value))) {
      return typeof other === "object";
    }
    const isList = Array.isArray(value) === Array.isArray(other);
    const isPoints = ["fixedSegments", "lastCommittedPoint"].includes(name);
    return typeof other === typeof value && (isList || isPoints);
  });
}

const parse = (value: unknown) => parseElement("a", value) as Properties | null;

describe.each(Object.keys(VALID))("%s", (type) => {
  const valid = VALID[type] ?? {};

  it("is unchanged when valid", () => {
    expect(parse(valid)).toEqual(valid);
  });

  it("with an invalid value is sanitised or dropped", () => {
    for (const name of [...Object.keys(valid), "customData", "points", "text"]) {
      for (const wrong of INVALID_VALUES) {
        const found = parse({ ...valid, [name]: wrong });
        if (!found) continue;
        const what = `${name} = ${String(typeof wrong)} ${JSON.stringify(found[name])?.slice(0, 60)}`;
        expect(isPlainData(found), what).toBe(true);
        if (name !== "type") expect(sameShape(found, valid), what).toBe(true);
        expect(parse({ ...found }), what).toEqual(found);
      }
    }
  });

  it("without a property gets a default or is dropped", () => {
    for (const name of Object.keys(valid)) {
      const { [name]: _, ...rest } = valid;
      const found = parse(rest);
      if (found) expect(isPlainData(found) && sameShape(found, valid), name).toBe(true);
      else expect(["id", "type", "x", "y", "width", "height", "points", "text"]).toContain(name);
    }
  });
});

it.each([
  ["a number instead of an object", 5],
  ["an element with another id", { ...BASE, id: "other" }],
  ["an id that is a property of Object.prototype", { ...BASE, id: "constructor" }],
  ["an unknown type", { ...BASE, type: "iframe" }],
  ["a type that is a property of Object.prototype", { ...BASE, type: "constructor" }],
  ["a coordinate that is NaN", { ...BASE, x: Number.NaN }],
  ["a coordinate out of bounds", { ...BASE, x: 1e9 }],
  ["a width out of bounds", { ...BASE, width: 1e7 }],
  ["a version that cannot be incremented", { ...BASE, version: 2 ** 53 }],
  ["a line without points", { ...LINE, type: "line", points: [] }],
  ["a stroke without points", { ...VALID.freedraw, points: [] }],
  ["a stroke with an invalid point", { ...LINE, type: "freedraw", points: [[0, "1"]] }],
  ["a text element whose text is a number", { ...BASE, type: "text", text: 5 }],
])("rejects %s", (_, value) => {
  expect(parse(value)).toBeNull();
  expect(parseElement("constructor", value)).toBeNull();
});

it("drops unknown properties", () => {
  const found = parse({ ...BASE, onload: "x", customData: { evil: 1 }, points: [[0, 0]] });
  expect(found).toEqual(BASE);
});

it.each([
  ["https://kreida.example/a", "https://kreida.example/a"],
  ["kreida.example/a", "https://kreida.example/a"],
  ["mailto:a@kreida.example", "mailto:a@kreida.example"],
  ["javascript:alert(1)", null],
  ["\u0001javascript:alert(1)", null],
  ["data:text/html,x", null],
  ["", null],
])("reads the link %s", (link, expected) => {
  expect(parse({ ...BASE, link })?.link).toBe(expected);
});

it.each(["a0", "a1V", "Zz", "b12", "zzzzzzzzzzzzzzzzzzzzzzzzzzz"])(
  "keeps the index %s",
  (index) => {
    expect(parse({ ...BASE, index })?.index).toBe(index);
  },
);

it.each(["", "a", "0", "a10", "b1", "a0 ", "Ж1", `A${"0".repeat(26)}`, `a1${"1".repeat(500)}`])(
  "drops the index %s, which the ordering package rejects",
  (index) => {
    expect(parse({ ...BASE, index })?.index).toBeNull();
  },
);

describe("a costly fill or stroke style", () => {
  const styles = (part: Properties) => {
    const { fillStyle, strokeStyle } = parse({ ...BASE, ...part }) ?? {};
    return [fillStyle, strokeStyle];
  };

  it("becomes solid on an enormous shape", () => {
    expect(styles({ width: 1e6, height: 1e6 })).toEqual(["solid", "solid"]);
    expect(styles({ width: 3000, strokeWidth: 1e-9 })).toEqual(["solid", "dashed"]);
    const points = [
      [0, 0],
      [1e6, 1e6],
    ];
    expect(styles({ type: "line", width: 1, height: 1, points })).toEqual(["solid", "solid"]);
  });

  it("becomes solid on a shape with very many sides", () => {
    const points = Array.from({ length: 50_000 }, (_, at) => [at % 7, at % 900]);
    expect(styles({ type: "line", points })).toEqual(["solid", "solid"]);
  });

  it("is kept on an ordinary shape", () => {
    expect(styles({ width: 2000, height: 1500 })).toEqual(["hachure", "dashed"]);
  });
});

it("turns an elbow arrow without right angles into an ordinary arrow", () => {
  const points = [
    [0, 0],
    [30, 40],
  ];
  expect(parse({ ...VALID.arrow, points })).toMatchObject({ elbowed: false });
});
