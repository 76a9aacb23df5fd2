/**
 * The area drawn on the map, for "who was here" or for the warning being written, and the pen it is drawn with. One at a
 * time; the map follows it.
 */
import { batch, computed, signal } from '@preact/signals';
import type { MultiPolygon, Polygon, Position } from 'geojson';
import { flawOf } from '../map/outline';
import { change, draft } from './compose';
import { memberId } from './place';
import { past } from './track';

/** off; draw: corner by corner; adjust: corners are dragged. */
export type Hand = 'off' | 'draw' | 'adjust';

export const FEWEST_CORNERS = 3;

export const hand = signal<Hand>('off');
/** Whose area it is. A warning's is in its draft, and nowhere else. */
export const purpose = signal<'history' | 'warning'>('history');

type Area = Polygon | MultiPolygon;
const asked = signal<Polygon | null>(null);
const stored = computed<Area | null>(() =>
  purpose.value === 'warning' ? (draft.value?.area ?? null) : asked.value,
);

/** What a message gave may have holes or several parts: the pen has one ring. */
const isOneRing = (area: Area | null): area is Polygon =>
  area?.type === 'Polygon' && area.coordinates.length === 1;

export const outline = computed(() => (isOneRing(stored.value) ? stored.value : null));
export const flaw = computed(() => outline.value && flawOf(outline.value));
/** Corners set so far, while one draws. */
export const corners = signal(0);
/** Somebody wanted to end with too few of them. */
export const isShort = signal(false);
/** "Who was here" is open. */
export const isAsking = signal(false);

let before: Area | null = null; // what cancelling goes back to

/** What the map shows: the area that is asked about, also behind a person who was found in it. */
export const shownOutline = computed<Polygon | null>(() => {
  if (hand.value !== 'off' || flaw.value !== null) return null;
  const isOfPerson = memberId.value !== null && past.value?.member === memberId.value;
  return isAsking.value || isOfPerson ? outline.value : null;
});

function store(area: Area | null): void {
  if (purpose.peek() === 'warning') change({ area });
  else asked.value = area as Polygon | null;
}

function take(next: Hand): void {
  batch(() => {
    if (hand.value === 'off') before = stored.value;
    corners.value = 0;
    isShort.value = false;
    hand.value = next;
  });
}

/** Begins anew; the area that there was comes back when this is cancelled. */
export const draw = (): void => take('draw');

export function adjust(): void {
  if (outline.value) take('adjust');
}

/** The pen says how many corners are set. */
export function countCorners(set: number): void {
  batch(() => {
    if (set !== corners.value) isShort.value = false;
    corners.value = set;
  });
}

/** What was drawn to its end. A flaw is not lost work: corners can be dragged until it is sound. */
export function takeDrawn(area: Polygon): void {
  batch(() => {
    store(area);
    isShort.value = false;
    hand.value = flaw.value === null ? 'off' : 'adjust';
  });
}

export function takeDragged(ring: Position[]): void {
  store({ type: 'Polygon', coordinates: [ring] });
}

/** Done: ends dragging once the area is sound. `close` ends a drawing; it says whether there were corners enough. */
export function finish(close: () => boolean): void {
  if (hand.value === 'draw') isShort.value = !close();
  else if (flaw.value === null) hand.value = 'off';
}

export function cancel(): void {
  if (hand.value === 'off') return;
  batch(() => {
    store(before);
    isShort.value = false;
    hand.value = 'off';
  });
}

/** Nothing that somebody drew outlives their session. */
export function forgetOutline(): void {
  batch(() => {
    cancel();
    asked.value = null;
  });
}

/** Back to the unit, or to no area of its own. */
export function clear(): void {
  batch(() => {
    cancel();
    store(null);
  });
}
