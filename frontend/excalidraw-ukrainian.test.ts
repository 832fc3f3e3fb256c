import { readdirSync, readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { replaceTexts } from "./excalidraw-ukrainian.ts";

const LOCALES = new URL("node_modules/@excalidraw/excalidraw/dist/prod/locales/", import.meta.url);

it("replaces texts of the installed Ukrainian locale", () => {
  const [name = ""] = readdirSync(LOCALES).filter((file) => file.startsWith("uk-UA-"));
  const code = replaceTexts(readFileSync(new URL(name, LOCALES), "utf8"));
  expect(code).toContain('eraser:"Гумка"');
});

it("fails on a locale without one of the texts", () => {
  expect(() => replaceTexts('eraser:""')).toThrow("no single");
});
