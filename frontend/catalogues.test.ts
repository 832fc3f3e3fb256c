import { afterEach, expect, it } from "vitest";
import { parseCatalogue } from "./catalogues.ts";
import { gettext, ngettext } from "./src/shared/gettext.ts";

const UKRAINIAN = String.raw`
msgid ""
msgstr ""
"Content-Type: text/plain; charset=utf-8\n"
"Plural-Forms: nplurals=3; plural=(n%10==1 && n%100!=11 ? 0 : n%10>=2 && "
"n%10<=4 && (n%100<10 || n%100>=20) ? 1 : 2);\n"

msgid "Close"
msgstr "Закрити"

msgid "day"
msgid_plural "days"
msgstr[0] "день"
msgstr[1] "дні"
msgstr[2] "днів"

#, fuzzy
msgid "Open"
msgstr "Закрити"
`;

afterEach(() => {
  globalThis.messageCatalogue = undefined;
});

it("compiles a .po file's translations and plural rule to a script", () => {
  // biome-ignore lint/security/noGlobalEval: the page loads the same text as a script.
  globalThis.eval(parseCatalogue(UKRAINIAN));
  expect([gettext("Close"), gettext("Open")]).toEqual(["Закрити", "Open"]);
  const days = [1, 2, 5, 11, 22].map((count) => ngettext("day", "days", count));
  expect(days).toEqual(["день", "дні", "днів", "днів", "дні"]);
});

it("rejects a plural rule that is not an expression of n", () => {
  expect(() => parseCatalogue(UKRAINIAN.replace("? 0 :", "? alert(1) :"))).toThrow("plural rule");
});
