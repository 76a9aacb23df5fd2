/**
 * What the map says of one alert: of an issued one the share of each grid's people that has confirmed, of one being
 * written how many would be told. Numbers of a grid are those of all its units below.
 */
import { computed, signal } from '@preact/signals';
import type { ReachReport, UnitColumns } from '../api/reach';
import { alertId, panel } from './place';
import { unitsById } from './units';

/** Five steps of a fifth each: more are not told apart on a map. */
export const STEPS = [0, 20, 40, 60, 80] as const;
const STORED = 'gridwarden.reach';

export interface Tally {
  audience: number;
  told: number;
  delivered: number;
  acknowledged: number;
  failed: number;
}

export interface Shading {
  kind: 'reach' | 'preview';
  tallies: ReadonlyMap<number, Tally>;
}

/** The alert that is open, with its reach; the panel keeps it fresh. */
export const openReach = signal<{ alert: string; report: ReachReport } | null>(null);
/** Who would be told, by unit, while an alert is being written. */
export const previewed = signal<{ unit: number[]; people: number[] } | null>(null);
export const isShaded = signal(true);

export function startShading(): void {
  isShaded.value = localStorage.getItem(STORED) !== 'off';
}

export function switchShading(): void {
  isShaded.value = !isShaded.value;
  localStorage.setItem(STORED, isShaded.value ? 'on' : 'off');
}

const NAMES = ['audience', 'told', 'delivered', 'acknowledged', 'failed'] as const;

/** Adds each unit's numbers to itself and to all above it. */
export function tally(
  columns: { unit: number[] } & Record<(typeof NAMES)[number], number[]>,
  parentOf: (unit: number) => number | null,
): Map<number, Tally> {
  const sums = new Map<number, Tally>();
  columns.unit.forEach((from, row) => {
    for (let unit: number | null = from; unit !== null; unit = parentOf(unit)) {
      const sum = sums.get(unit) ?? { audience: 0, told: 0, delivered: 0, acknowledged: 0, failed: 0 };
      for (const name of NAMES) sum[name] += columns[name][row] ?? 0;
      sums.set(unit, sum);
    }
  });
  return sums;
}

/** Which of the steps a share falls into; everybody is in the last one. */
export const stepOf = ({ acknowledged, audience }: Tally): number =>
  audience === 0 ? 0 : Math.min(STEPS.length - 1, Math.floor((STEPS.length * acknowledged) / audience));

const parentOf = (unit: number): number | null => unitsById.value.get(unit)?.parent ?? null;

const wouldBeTold = ({ unit, people }: { unit: number[]; people: number[] }): UnitColumns => {
  const none = unit.map(() => 0);
  return {
    unit,
    audience: people,
    told: none,
    delivered: none,
    acknowledged: none,
    failed: none,
    unknown: none,
    queued: none,
  };
};

/** What can be shown of the alert at hand, whether it is switched on or not. */
export const shading = computed<Shading | null>(() => {
  if (panel.value === 'compose' && previewed.value)
    return { kind: 'preview', tallies: tally(wouldBeTold(previewed.value), parentOf) };
  const open = openReach.value;
  if (open === null || open.alert !== alertId.value) return null;
  return { kind: 'reach', tallies: tally(open.report.units, parentOf) };
});

export const shown = computed<Shading | null>(() => (isShaded.value ? shading.value : null));
