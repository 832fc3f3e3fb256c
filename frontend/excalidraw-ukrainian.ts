import type { Plugin } from "vite";

const LOCALE = /\/@excalidraw\/excalidraw\/.*\/locales\/uk-UA-/;
/** The texts to replace, by their keys in Excalidraw's locale, each of which occurs once. */
const TEXTS = {
  arrowhead_none: "Без закінчення",
  edges: "Кути",
  eraser: "Гумка",
  fill: "Заливка",
  freedraw: "Олівець",
  handDrawn: "Від руки",
  penMode: "Малювати лише пером",
  unbindText: "Відв’язати текст",
  undo: "Скасувати",
};

/** Replaces texts of Excalidraw's Ukrainian locale that are wrong or hard to understand. */
export function ukrainianExcalidraw(): Plugin {
  return {
    name: "ukrainian-excalidraw",
    enforce: "pre",
    transform(code, id) {
      return LOCALE.test(id.replaceAll("\\", "/")) ? { code: replaceTexts(code), map: null } : null;
    },
  };
}

export function replaceTexts(code: string): string {
  return Object.entries(TEXTS).reduce(replaceText, code);
}

function replaceText(code: string, [key, text]: [string, string]): string {
  const parts = code.split(new RegExp(`(?<=\\b${key}:)"[^"]*"`));
  if (parts.length !== 2) throw new Error(`Excalidraw's Ukrainian locale has no single ${key}`);
  return parts.join(JSON.stringify(text));
}
