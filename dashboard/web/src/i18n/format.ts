/** Puts values into a text of a catalogue; numbers by the locale, the plural form by `count`. */
export type Params = Readonly<Record<string, string | number>>;
export type Text = string | { readonly one?: string; readonly other: string };

function form(text: Text, params: Params, locale: string): string {
  if (typeof text === 'string') return text;
  const rule = new Intl.PluralRules(locale).select(Number(params.count ?? 0));
  return (rule === 'one' ? text.one : undefined) ?? text.other;
}

export function format(text: Text, params: Params, locale: string): string {
  return form(text, params, locale).replace(/\{(\w+)\}/g, (whole, name: string) => {
    const value = params[name];
    if (value === undefined) return whole;
    return typeof value === 'number' ? new Intl.NumberFormat(locale).format(value) : value;
  });
}
