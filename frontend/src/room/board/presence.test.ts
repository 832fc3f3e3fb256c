import { describe, expect, it } from "vitest";
import { Awareness } from "y-protocols/awareness";
import * as Y from "yjs";
import { tutorPresence } from "./follow";
import { collaboratorsOf, parsePresence } from "./presence";

const VALID = {
  ...{ name: "Тарас Вчитель", person: "u1", role: "tutor", page: "1", button: "down" },
  ...{ pointer: { x: 5, y: -7, tool: "laser" }, selected: { a: true } },
  ...{ view: [-10, -20, 300, 400], gathered: 2 },
};
const INVALID_VALUES: readonly unknown[] = [
  ...[undefined, null, true, 5, 1e300, "x", "__proto__", [], [1], {}, { x: "1", y: 2 }],
  ...[{ x: 1e300, y: 0 }, { x: null, y: 0 }, "\u202e".repeat(10_000), { __proto__: { x: 1 } }],
];

function room(...states: unknown[]): Awareness {
  const awareness = new Awareness(new Y.Doc());
  clearInterval(awareness._checkInterval);
  states.forEach((state, at) => {
    awareness.states.set(at + 1, state as Record<string, unknown>);
  });
  return awareness;
}

it("parses a valid state unchanged", () => {
  expect(parsePresence(VALID)).toEqual(VALID);
});

describe.each(Object.keys(VALID))("an invalid %s", (name) => {
  it("does not affect other cursors or the tutor's page", () => {
    for (const wrong of INVALID_VALUES) {
      const awareness = room({ ...VALID, [name]: wrong }, wrong, VALID);
      const cursors = collaboratorsOf(awareness, "1");
      expect(cursors.get("3" as never)).toMatchObject({
        username: "Тарас Вчитель",
        pointer: VALID.pointer,
        selectedElementIds: { a: true },
      });
      expect(tutorPresence(awareness)).not.toBeNull();
      for (const { username, pointer } of cursors.values()) {
        expect(username?.length).toBeLessThanOrEqual(80);
        if (pointer) expect(Math.abs(pointer.x) + Math.abs(pointer.y)).toBeLessThanOrEqual(2e7);
      }
    }
  });
});

it("removes line breaks and bidi characters from a name", () => {
  expect(parsePresence({ ...VALID, name: "\u202eagr\u200bO\n\u0000" })?.name).toBe("agrO");
});

it("limits the selected ids and ignores names of Object.prototype", () => {
  const many = Object.fromEntries(Array.from({ length: 500 }, (_, at) => [`e${at}`, true]));
  const selected = parsePresence({ ...VALID, selected: { constructor: true, ...many } })?.selected;
  expect(Object.keys(selected ?? {})).toHaveLength(100);
  expect(Object.hasOwn(selected ?? {}, "constructor")).toBe(false);
});
