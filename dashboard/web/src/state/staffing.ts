/** How a unit's people stand against its role set, and the one primary assignment among several. */
import type { Staffing } from '../api/organisation';

export interface Bar {
  filled: number; // up to what is wanted
  missing: number; // to the least
  room: number; // from the least to the most, not filled
  over: number; // beyond the most
}

export function barOf({ least, most, have }: Omit<Staffing, 'role'>): Bar {
  const top = most ?? Math.max(least, have);
  return {
    filled: Math.min(have, top),
    missing: Math.max(0, least - have),
    room: Math.max(0, top - Math.max(have, least)),
    over: most === null ? 0 : Math.max(0, have - most),
  };
}

/** `1`, `1–3`, `2+`: as short as it can be said. */
export const wanted = (least: number, most: number | null): string => {
  if (most === null) return `${least}+`;
  return most === least ? String(least) : `${least}–${most}`;
};

export const missingIn = (staffing: readonly Staffing[]): number =>
  staffing.reduce((sum, row) => sum + barOf(row).missing, 0);

interface Ranked {
  is_primary: boolean;
}

/** One is primary, always: the one that was made so, else the first. */
export function withPrimary<T extends Ranked>(rows: readonly T[], at: number): T[] {
  return rows.map((row, index) => ({ ...row, is_primary: index === at }));
}

export function without<T extends Ranked>(rows: readonly T[], at: number): T[] {
  const left = rows.filter((_, index) => index !== at);
  const primary = left.findIndex((row) => row.is_primary);
  return withPrimary(left, Math.max(0, primary));
}

const USUAL = ['population', 'households', 'buildings'] as const;
export type UsualAttribute = (typeof USUAL)[number];
export const USUAL_ATTRIBUTES: readonly UsualAttribute[] = USUAL;

export type CardRow = readonly [name: string, value: string];

/** A card's free attributes, as rows to type in. */
export const freeRows = (card: Readonly<Record<string, unknown>>): CardRow[] =>
  Object.entries(card)
    .filter(([name]) => !(USUAL as readonly string[]).includes(name))
    .map(([name, value]) => [name, typeof value === 'object' ? JSON.stringify(value) : String(value)]);

const WHOLE = /^(0|[1-9]\d{0,11})$/; // 0371 is an area code, no number

/** What was typed, as the card keeps it: whole numbers as numbers, rows without a name or a value left out. */
export function cardOf(usual: Readonly<Record<UsualAttribute, string>>, free: readonly CardRow[]) {
  const card: Record<string, string | number> = {};
  for (const [name, value] of [...USUAL.map((name) => [name, usual[name]] as const), ...free]) {
    const [key, said] = [name.trim(), value.trim()];
    if (key !== '' && said !== '') card[key] = WHOLE.test(said) ? Number(said) : said;
  }
  return card;
}
