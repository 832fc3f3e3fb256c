/**
 * Django's gettext for TypeScript. The page loads the catalogue of its language before any module,
 * so translations may be read at import. English, whose texts are the message ids, has no catalogue.
 */
export interface Catalogue {
  messages: Readonly<Record<string, string | readonly string[]>>;
  /** Index of the plural form for a number. */
  plural(count: number): number;
}

declare global {
  var messageCatalogue: Catalogue | undefined;
}

declare const MESSAGE: unique symbol;
/** A translation, typed by its message id so that `interpolate` knows its placeholders. */
export type Translation<M extends string = string> = string & { readonly [MESSAGE]?: M };

type Placeholders<M extends string> = M extends `${string}%(${infer Name})s${infer Rest}`
  ? Name | Placeholders<Rest>
  : never;

/** `make messages` collects the messages, for which each must be written out at the call. */
export function gettext<const M extends string>(message: M): Translation<M> {
  const found = globalThis.messageCatalogue?.messages[message];
  return (typeof found === "string" ? found : message) as Translation<M>;
}

export function ngettext<const S extends string, const P extends string>(
  singular: S,
  plural: P,
  count: number,
): Translation<S | P> {
  const catalogue = globalThis.messageCatalogue;
  const forms = catalogue?.messages[singular];
  const form = Array.isArray(forms) ? forms[catalogue?.plural(count) ?? 0] : undefined;
  return (form ?? (count === 1 ? singular : plural)) as Translation<S | P>;
}

/** Replaces `%(name)s` placeholders with values. */
export function interpolate<M extends string>(
  text: Translation<M>,
  values: Readonly<Record<Placeholders<M>, string | number>>,
): string {
  const known: Readonly<Record<string, string | number>> = values;
  return text.replace(/%\((\w+)\)s/g, (whole, name: string) => String(known[name] ?? whole));
}
