/** The list of grid sets, read again whenever one is published, withdrawn, or takes effect. */
import { effect, signal } from '@preact/signals';
import { type GridSet, getGridSets } from '../../../api/gridsets';
import { gridSetInForce, newestGridSet } from '../../../state/live';
import { loadUnits } from '../../../state/units';

export const sets = signal<GridSet[] | null>(null);
export const setsError = signal<unknown>(null);
/** Counts up when another set stands at the end of the line: what is edited starts from it. */
export const newest = signal(0);

export async function loadSets(): Promise<void> {
  try {
    sets.value = (await getGridSets()).sets;
    setsError.value = null;
  } catch (error) {
    setsError.value = error;
  }
}

export function published(): void {
  newest.value++;
  void loadSets();
  void loadUnits(); // new grids are new units
}

/** Follows the moment a planned set takes effect, as long as the list is shown. */
export const followSets = (): (() => void) =>
  effect(() => {
    gridSetInForce.value;
    newestGridSet.value;
    void loadSets();
  });
