/** A circular as its form holds it: numbers as they were typed, the time as the browser's field has it. */
import type { CircularContent, Who } from '../../../api/messages';
import type { Named } from '../../../api/types';

export type To =
  | { kind: 'unit'; unit: number; who: Who; at_level: string | null; name: string }
  | { kind: 'member' | 'team' | 'group'; id: number; name: string };

export interface CircularDraft {
  to: readonly To[];
  numbers: string; // one a line, or with commas
  text_zh: string;
  text_en: string;
  template: number | null;
  version: number | null; // of the template as it was chosen: what is previewed is what is sent
  values: Readonly<Record<string, string>>;
  due: string; // of a datetime-local field; empty: at once
}

export const BLANK: CircularDraft = {
  to: [],
  numbers: '',
  text_zh: '',
  text_en: '',
  template: null,
  version: null,
  values: {},
  due: '',
};

export const keyOf = (to: To): string =>
  to.kind === 'unit' ? `unit ${to.unit} ${to.who} ${to.at_level}` : `${to.kind} ${to.id}`;

export const added = (before: readonly To[], one: To): readonly To[] =>
  before.some((each) => keyOf(each) === keyOf(one)) ? before : [...before, one];

export const person = (kind: 'member' | 'team' | 'group', { id, name }: Named): To => ({ kind, id, name });

export const numbersIn = (text: string): string[] =>
  text
    .split(/[\n,;，；、]+/)
    .map((each) => each.trim())
    .filter(Boolean);

/** What `{...}` names in a text, each once, without what is each reader's own. */
export const PERSONAL = ['name', 'unit'] as const;
export function variablesIn(...texts: string[]): string[] {
  const found = texts.flatMap((text) => [...text.matchAll(/\{([^{}]*)\}/g)].map((each) => each[1]!));
  return [...new Set(found)].filter((name) => !(PERSONAL as readonly string[]).includes(name));
}

export function toContent(draft: CircularDraft, unit: number): CircularContent {
  const ids = (kind: 'member' | 'team' | 'group') =>
    draft.to.flatMap((each) => (each.kind === kind ? [each.id] : []));
  return {
    unit,
    text_zh: draft.template === null ? draft.text_zh : '',
    text_en: draft.template === null ? draft.text_en : '',
    template: draft.template,
    version: draft.version,
    values: draft.template === null ? {} : { ...draft.values },
    members: ids('member'),
    teams: ids('team'),
    groups: ids('group'),
    units: draft.to.flatMap((each) =>
      each.kind === 'unit' ? [{ unit: each.unit, who: each.who, at_level: each.at_level }] : [],
    ),
    numbers: numbersIn(draft.numbers),
    due_at: draft.due ? new Date(draft.due).toISOString() : null,
  };
}

export const hasRecipients = (draft: CircularDraft): boolean =>
  draft.to.length > 0 || numbersIn(draft.numbers).length > 0;
export const hasText = (draft: CircularDraft): boolean =>
  draft.template !== null || draft.text_zh.trim() !== '' || draft.text_en.trim() !== '';
