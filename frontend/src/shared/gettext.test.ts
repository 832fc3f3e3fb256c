import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { gettext, interpolate, ngettext } from "./gettext";

const days = (count: number) =>
  interpolate(ngettext("%(count)s day", "%(count)s days", count), { count });

it("returns the message ids without a catalogue", () => {
  expect(gettext("Close")).toBe("Close");
  expect([1, 2, 0].map(days)).toEqual(["1 day", "2 days", "0 days"]);
});

it("interpolates values verbatim and keeps a placeholder without a value", () => {
  const values = { a: "$&" } as { a: string; b: string };
  expect(interpolate(gettext("%(a)s %(b)s 5%"), values)).toBe("$& %(b)s 5%");
});

describe("with a catalogue", () => {
  beforeEach(() => {
    globalThis.messageCatalogue = {
      messages: { Close: "Закрити", "%(count)s day": ["%(count)s день", "%(count)s днів"] },
      plural: (count) => (count === 1 ? 0 : 1),
    };
  });
  afterEach(() => {
    globalThis.messageCatalogue = undefined;
  });

  it("returns translations in the number's plural form", () => {
    expect(gettext("Close")).toBe("Закрити");
    expect([1, 5].map(days)).toEqual(["1 день", "5 днів"]);
  });

  it("returns the message id when the translation is missing", () => {
    expect(gettext("Open")).toBe("Open");
    expect(gettext("toString")).toBe("toString");
  });
});
