import { expect, it } from "vitest";
import { linkify } from "./linkify";

const links = (text: string) =>
  linkify(text).flatMap((piece) => ("href" in piece ? piece.href : []));

it.each([
  ["see https://kreida.example/a?b=1#c now", ["https://kreida.example/a?b=1#c"]],
  ["(http://one.example), http://two.example.", ["http://one.example", "http://two.example"]],
  ["https://uk.wikipedia.org/wiki/Київ_(місто)", ["https://uk.wikipedia.org/wiki/Київ_(місто)"]],
  ["«https://kreida.example»!", ["https://kreida.example"]],
  ["javascript:alert(1) data:text/html,x ftp://a.example", []],
  ["https://", []],
  ['<a href="https://a.example">', ["https://a.example"]],
])("finds the links of %s", (text, expected) => {
  expect(links(text)).toEqual(expected);
});

it("loses no letter of the text", () => {
  const text = "<b>1</b> https://a.example, and\nhttps://b.example/x).";
  expect(
    linkify(text)
      .map((piece) => piece.text)
      .join(""),
  ).toBe(text);
});
