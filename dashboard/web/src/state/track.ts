/** The chosen person's last hour. */
import { signal } from '@preact/signals';
import { getTrack } from '../api/client';
import type { TrackPoint } from '../api/types';

export const track = signal<{ member: number; points: readonly TrackPoint[] } | null>(null);

export async function loadTrack(member: number): Promise<void> {
  if (track.value?.member !== member) track.value = null;
  const { points } = await getTrack(member);
  track.value = { member, points };
}
