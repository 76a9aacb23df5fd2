/** A whole city in and out as files. */
import { address, get, post } from './client';

export const KINDS = ['units', 'grids', 'members', 'terminals', 'levels', 'roles'] as const;
export const WEIGHTS = ['error', 'fixed', 'hint'] as const;
export const FORMATS = ['geojson', 'fgb', 'shp'] as const;

export type Kind = (typeof KINDS)[number];
export type Weight = (typeof WEIGHTS)[number];
export type Format = (typeof FORMATS)[number];

export interface Finding {
  word: string;
  weight: Weight;
  count: number; // of which `listed` are the first
  todo: string;
  listed: { file: string; row: number | null; what: string }[];
}

export interface Change {
  kind: Kind;
  added: number;
  changed: number;
  closed: number;
  added_samples: string[];
  closed_samples: string[];
  changed_samples: string[];
}

export interface Report {
  files: string[];
  is_applicable: boolean;
  is_empty: boolean;
  counts: Record<Weight, number>;
  findings: Finding[];
  changes: Change[];
}

export interface Import {
  id: string;
  report: Report;
  applied_at: string | null;
}

export interface Applied extends Import {
  credentials: string | null; // a table of the new terminals' secrets, this one time
}

export interface Wishes {
  encoding: 'auto' | 'utf-8' | 'gbk';
  gcj02: boolean;
  crs: string;
  takesEffectAt: string; // local, as a field of date and time has it; empty: at once
}

const WITHIN_MS = 30 * 60_000; // the largest city that is allowed takes minutes

export function bring(files: readonly File[], wishes: Wishes): Promise<Import> {
  const form = new FormData();
  for (const file of files) form.append('files', file);
  form.append('encoding', wishes.encoding);
  form.append('gcj02', String(wishes.gcj02));
  form.append('crs', wishes.crs.trim());
  if (wishes.takesEffectAt) form.append('takes_effect_at', new Date(wishes.takesEffectAt).toISOString());
  return post<Import>('imports', form, WITHIN_MS);
}

export const look = (id: string) => get<Import>(`imports/${id}`);
export const apply = (id: string) => post<Applied>(`imports/${id}/apply`, {}, WITHIN_MS);
export const exportAddress = (format: Format) => address('exports/city.zip', { format });
