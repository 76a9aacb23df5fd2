/** What an account's form sends of its rights: each for one unit inside what the account sees. */
import type { Right } from '../../../api/types';
import { RIGHTS } from '../../../state/rights';

/** What somebody sees follows from their unit; the rest is granted one by one. */
export const GRANTED = RIGHTS.filter((right) => right !== 'viewer');

export type Grants = Partial<Record<Right, number>>;

export const withGrant = (grants: Grants, right: Right, unit: number | null): Grants => {
  const next = { ...grants };
  if (unit === null) delete next[right];
  else next[right] = unit;
  return next;
};

/** Grants for units that the account no longer sees come with it to its new unit. */
export function grantsInside(grants: Grants, unit: number, isInside: (unit: number) => boolean): Grants {
  const moved = Object.entries(grants).map(([right, held]) => [right, isInside(held) ? held : unit]);
  return { ...Object.fromEntries(moved), viewer: unit };
}
