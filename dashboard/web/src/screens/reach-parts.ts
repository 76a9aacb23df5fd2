import type { Reach } from '../api/types';

/** Parts of the audience that do not overlap, furthest first: who answered, who was reached, who was only told, who was not. */
export function reachParts(
  reach: Reach,
): { name: 'acknowledged' | 'delivered' | 'told' | 'failed'; people: number }[] {
  const acknowledged = Math.min(reach.acknowledged, reach.audience);
  const delivered = Math.max(0, Math.min(reach.delivered, reach.audience) - acknowledged);
  const told = Math.max(0, Math.min(reach.told, reach.audience) - acknowledged - delivered);
  const failed = Math.max(0, Math.min(reach.failed, reach.audience - acknowledged - delivered - told));
  return [
    { name: 'acknowledged', people: acknowledged },
    { name: 'delivered', people: delivered },
    { name: 'told', people: told },
    { name: 'failed', people: failed },
  ];
}
