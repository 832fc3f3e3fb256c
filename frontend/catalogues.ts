import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { po } from "gettext-parser";
import type { Plugin } from "vite";
import type { Catalogue } from "./src/shared/gettext.ts";

/** Next to the catalogues of the Python code; `make messages` updates both. */
const LOCALE_DIR = "../locale";
const PLURAL_RULE = /plural=([n\d\s%=!<>&|?:()]+);?$/;

/** Compiles a .po file's messages and plural rule to the script that provides a page's translations. */
export function parseCatalogue(source: string): string {
  const { headers, translations } = po.parse(source);
  const rule = PLURAL_RULE.exec(headers["Plural-Forms"] ?? "");
  if (!rule) throw new Error("The catalogue has no plural rule");
  const messages: Record<string, Catalogue["messages"][string]> = {};
  for (const { msgid, msgid_plural, msgstr, comments } of Object.values(translations[""] ?? {})) {
    if (!msgid || comments?.flag?.includes("fuzzy") || !msgstr.every(Boolean)) continue;
    messages[msgid] = msgid_plural ? msgstr : (msgstr[0] ?? msgid);
  }
  return `globalThis.messageCatalogue={plural:n=>Number(${rule[1]}),messages:${JSON.stringify(messages)}};\n`;
}

/**
 * Emits one script per language. The manifest lists it under the path of its .po file, which is how
 * Django finds its hashed name.
 */
export function messageCatalogues(): Plugin {
  return {
    name: "message-catalogues",
    apply: "build",
    generateBundle() {
      for (const language of readdirSync(join(import.meta.dirname, LOCALE_DIR))) {
        const originalFileName = `${LOCALE_DIR}/${language}/LC_MESSAGES/djangojs.po`;
        const file = join(import.meta.dirname, originalFileName);
        // English is the language of the code; its catalogue is of allauth's texts alone.
        if (!existsSync(file)) continue;
        const source = parseCatalogue(readFileSync(file, "utf8"));
        this.emitFile({ type: "asset", name: `messages-${language}.js`, originalFileName, source });
      }
    },
  };
}
