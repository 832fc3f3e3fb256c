import { readdirSync, readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { addTexts, replaceTexts } from "./excalidraw-ukrainian.ts";

const DIST = new URL("node_modules/@excalidraw/excalidraw/dist/prod/", import.meta.url);
/** Texts of what Kreida leaves out: generators, Mermaid, libraries, embedded websites, social links. */
const LEFT_OUT =
  /^(labels\.(convertToCode|textToDiagram|prompt|followUs|discordChat|installPWA)|errors\.(saveLibraryError|libraryElementTypeError.*)|toolBar\.(magicframe|mermaidToExcalidraw)|element\.(magicframe|embeddable|iframe)|mermaid|commandPalette|userList|helpDialog|shareDialog)\b/;

type Texts = { [key: string]: string | Texts };

function localeCode(language: string): string {
  const [name = ""] = readdirSync(new URL("locales/", DIST)).filter((file) =>
    new RegExp(`^${language}-[A-Z0-9]+\\.js$`).test(file),
  );
  return readFileSync(new URL(`locales/${name}`, DIST), "utf8");
}

async function load(code: string): Promise<object> {
  const chunk = new URL("chunk-SRAX5OIU.js", DIST).href;
  const module = code.replace('import"../chunk-SRAX5OIU.js";', `import"${chunk}";`);
  const url = `data:text/javascript,${encodeURIComponent(module)}`;
  return (await import(/* @vite-ignore */ url)) as object;
}

/** The keys of the texts that are not empty, in the module's named exports. */
function keys(texts: object, prefix = ""): string[] {
  return Object.entries(texts as Texts).flatMap(([key, text]) => {
    if (typeof text === "string") return text ? [prefix + key] : [];
    return key === "default" ? [] : keys(text, `${prefix}${key}.`);
  });
}

it("replaces texts of the installed Ukrainian locale", () => {
  expect(replaceTexts(localeCode("uk-UA"))).toContain('eraser:"Гумка"');
});

it("fails on a locale without one of the texts", () => {
  expect(() => replaceTexts('eraser:""')).toThrow("no single");
});

it("adds every text that the room can show and the locale lacks", async () => {
  const ukrainian = new Set(keys(await load(addTexts(localeCode("uk-UA")))));
  const { default: english } = (await import(
    /* @vite-ignore */ new URL(
      `locales/${readdirSync(new URL("locales/", DIST)).find((file) => /^en-[A-Z0-9]+\.js$/.test(file))}`,
      DIST,
    ).href
  )) as { default: Texts };
  const missing = keys(english).filter((key) => !ukrainian.has(key) && !LEFT_OUT.test(key));
  expect(missing).toEqual([]);
});
