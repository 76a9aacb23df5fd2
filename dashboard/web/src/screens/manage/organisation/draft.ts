/** A unit as its form holds it, and what of it is sent. */
import type { UnitCard, UnitChange } from '../../../api/organisation';
import { type CardRow, cardOf, freeRows } from '../../../state/staffing';

export interface UnitDraft {
  name: string;
  name_en: string;
  code: string;
  level: string;
  role_set: string; // empty: its level's
  population: string;
  households: string;
  buildings: string;
  free: CardRow[];
}

const said = (value: unknown): string => (value === undefined || value === null ? '' : String(value));

export const toDraft = (unit: UnitCard): UnitDraft => ({
  name: unit.name,
  name_en: unit.name_en ?? '',
  code: unit.code,
  level: unit.level,
  role_set: unit.role_set ?? '',
  population: said(unit.attributes.population),
  households: said(unit.attributes.households),
  buildings: said(unit.attributes.buildings),
  free: freeRows(unit.attributes),
});

export const blankUnit = (level: string): UnitDraft => ({
  name: '',
  name_en: '',
  code: '',
  level,
  role_set: '',
  population: '',
  households: '',
  buildings: '',
  free: [],
});

const ON_CARD = ['population', 'households', 'buildings', 'free'] as const;

/** The fields that changed; the card goes as a whole. */
export function toChange(whole: UnitDraft, changed: Partial<UnitDraft>): Partial<UnitChange> {
  const { population: _p, households: _h, buildings: _b, free: _f, name_en, role_set, ...plain } = changed;
  return {
    ...plain,
    ...(name_en === undefined ? {} : { name_en: name_en.trim() || null }),
    ...(role_set === undefined ? {} : { role_set: role_set || null }),
    ...(ON_CARD.some((field) => changed[field] !== undefined)
      ? { attributes: cardOf(whole, whole.free) }
      : {}),
  };
}

export const toNew = (draft: UnitDraft): UnitChange => ({
  name: draft.name.trim(),
  name_en: draft.name_en.trim() || null,
  code: draft.code.trim(),
  level: draft.level,
  role_set: draft.role_set || null,
  attributes: cardOf(draft, draft.free),
});
