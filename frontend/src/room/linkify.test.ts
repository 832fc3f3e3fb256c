import { expect, it } from "vitest";
import { linkify } from "./linkify";

const links = (text: string) => linkify(text).flatMap((part) => ("href" in part ? part.href : []));

it.each([
  ["see https://kreida.example/a?b=1#c now", ["https://kreida.example/a?b=1#c"]],
  ["(http://one.example), http://two.example.", ["http://one.example", "http://two.example"]],
  ["https://uk.wikipedia.org/wiki/Київ_(місто)", ["https://uk.wikipedia.org/wiki/Київ_(місто)"]],
  ["«https://kreida.example»!", ["https://kreida.example"]],
  ["javascript:alert(1) data:text/html,x ftp://a.example", []],
  ["https://", []],
  ['<a href="https://a.example">', ["https://a.example"]],
  ["https://a.example/O'Brien/п'ять'", ["https://a.example/O'Brien/п'ять"]],
  ["'https://a.example/x'", ["https://a.example/x"]],
  [
    "(https://a.example/a_(b)_(c)), [https://b.example/[x]]",
    ["https://a.example/a_(b)_(c)", "https://b.example/[x]"],
  ],
  ["((https://a.example/(b)))", ["https://a.example/(b)"]],
  ["[text](https://a.example/x)", ["https://a.example/x"]],
  ["https://a.example/x\u200bnothing", ["https://a.example/x"]],
  ["https://a.example/\u202egnp.exe", ["https://a.example/"]],
  ["\u202ehttps://a.example/x\u202c", ["https://a.example/x"]],
  ["\u2067https://a.example/x\u2069", ["https://a.example/x"]],
  ["https://a.example/x\u00a0and", ["https://a.example/x"]],
  ["https://a.example/x\u0000y", ["https://a.example/x"]],
  ["https://bank.example@evil.example/", []],
  ["https://bank.example:pass@evil.example/", []],
  ["https://a.example\u2028b", ["https://a.example"]],
  ["HTTPS://A.EXAMPLE/X", ["HTTPS://A.EXAMPLE/X"]],
  ["xhttps://a.example жhttps://b.example", []],
  ["JavaScript:alert(1)//https://", []],
  ["data:text/html,https:// vbscript:x blob:https", []],
  ["https://a.example/…", ["https://a.example/"]],
  ["https://a.example/*bold*", ["https://a.example/*bold"]],
])("finds the links of %s", (text, expected) => {
  expect(links(text)).toEqual(expected);
});

it("returns the whole text", () => {
  const text = "<b>1</b> https://a.example, and\nhttps://b.example/x).";
  expect(
    linkify(text)
      .map((part) => part.text)
      .join(""),
  ).toBe(text);
});

it("shows a link's exact target as its text", () => {
  for (const text of ["https://a.example/x\u200b\u202ey", "https://a.example/б?в=г#ґ"]) {
    for (const part of linkify(text)) {
      if ("href" in part) expect(part.href).toBe(part.text);
    }
  }
});

it("takes linear time for a long run of brackets", () => {
  const began = performance.now();
  linkify(`https://a.example/${")".repeat(4000)}`);
  linkify(`https://a.example/${"(.".repeat(2000)}`);
  expect(performance.now() - began).toBeLessThan(500);
});
