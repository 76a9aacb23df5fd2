/** The organisation tree of the account, and which part of it is unfolded. */
import { computed, signal } from '@preact/signals';
import { getUnits } from '../api/client';
import type { Unit } from '../api/types';
import { named } from '../i18n';
import { place } from './place';
import { levelOf, me } from './session';

export const units = signal<readonly Unit[] | null>(null);
export const unitsError = signal<unknown>(null);
const open = signal<ReadonlySet<number>>(new Set());

export const unitsById = computed(() => new Map((units.value ?? []).map((unit) => [unit.id, unit])));

const children = computed(() => {
  const found = new Map<number, Unit[]>();
  for (const unit of units.value ?? []) {
    if (unit.parent === null) continue;
    const siblings = found.get(unit.parent);
    if (siblings) siblings.push(unit);
    else found.set(unit.parent, [unit]);
  }
  return found;
});

export const childrenOf = (unit: number): readonly Unit[] => children.value.get(unit) ?? [];

/** The unit in view: the address bar's, else the account's own. */
export const chosenUnit = computed<Unit | null>(() => {
  const wanted = place.value.unit;
  const found = wanted === null ? undefined : unitsById.value.get(wanted);
  return found ?? me.value?.unit ?? null;
});

export function ancestorsOf(unit: number): Unit[] {
  const path: Unit[] = [];
  let at = unitsById.value.get(unit);
  while (at?.parent != null) {
    at = unitsById.value.get(at.parent);
    if (at) path.unshift(at);
  }
  return path;
}

/** A unit's name where its parent stands above it: `Grid 3`, not `Fengxing Community, Grid 3`. */
export function shortName(unit: Unit): string {
  const name = named(unit);
  const parent = unit.parent === null ? undefined : unitsById.value.get(unit.parent);
  const above = parent ? named(parent) : '';
  if (above === '' || !name.startsWith(above)) return name;
  return name.slice(above.length).replace(/^[\s,，·]+/, '') || name;
}

/** The unit and everything below it. */
export function subtreeOf(unit: number): Set<number> {
  const found = new Set<number>();
  const waiting = [unit];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    found.add(next);
    for (const child of childrenOf(next)) waiting.push(child.id);
  }
  return found;
}

export interface Branch {
  unit: Unit;
  depth: number;
  isOpen: boolean;
  hasChildren: boolean;
}

/** Depth-first list of what a tree shows when exactly `opened` is unfolded. */
export function branches(root: Unit, opened: ReadonlySet<number>): Branch[] {
  const rows: Branch[] = [];
  const walk = (unit: Unit, depth: number) => {
    const below = childrenOf(unit.id);
    const isOpen = below.length > 0 && opened.has(unit.id);
    rows.push({ unit, depth, isOpen, hasChildren: below.length > 0 });
    if (isOpen) for (const child of below) walk(child, depth + 1);
  };
  walk(root, 0);
  return rows;
}

export const openUnits = computed(() => open.value);

export function fold(unit: number, unfolded: boolean): void {
  const next = new Set(open.value);
  if (unfolded) next.add(unit);
  else next.delete(unit);
  open.value = next;
}

/** Unfolds the way down to a unit, so that the tree can show it. */
export function reveal(unit: number): void {
  const missing = ancestorsOf(unit).filter((above) => !open.value.has(above.id));
  if (missing.length > 0) open.value = new Set([...open.value, ...missing.map((above) => above.id)]);
}

export const isBelow = (unit: Unit, level: string): boolean =>
  (levelOf(unit.level)?.rank ?? 0) > (levelOf(level)?.rank ?? 0);

export async function loadUnits(): Promise<void> {
  unitsError.value = null;
  try {
    units.value = (await getUnits()).units;
    const root = me.value?.unit.id;
    if (root !== undefined && open.value.size === 0) open.value = new Set([root]);
  } catch (error) {
    unitsError.value = error;
  }
}
