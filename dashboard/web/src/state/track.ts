/** The chosen person's track: of the last hour, or of the span in which somebody was looked up. */
import { signal } from '@preact/signals';
import { getTrack } from '../api/client';
import { getTrackBetween } from '../api/history';
import type { TrackPoint } from '../api/types';
import type { Span } from './spans';

export interface Track {
  member: number;
  points: readonly TrackPoint[];
  span: Span | null; // null: the last hour
}

export const track = signal<Track | null>(null);
/** Whose track of which span is wanted instead of the last hour's. */
export const past = signal<{ member: number; span: Span } | null>(null);

export const spanOf = (member: number): Span | null =>
  past.value?.member === member ? past.value.span : null;

export async function loadTrack(member: number): Promise<void> {
  const span = spanOf(member);
  if (track.value?.member !== member || track.value.span !== span) track.value = null;
  const { points } = await (span ? getTrackBetween(member, span.from, span.to) : getTrack(member));
  if (spanOf(member) === span) track.value = { member, points, span };
}
