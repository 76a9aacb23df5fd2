import type { Polygon, Position } from 'geojson';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ApiError } from '../src/api/errors';
import { groundM2 } from '../src/map/geometry';
import { flawOf } from '../src/map/outline';
import { change, draft, startDraft } from '../src/state/compose';
import {
  adjust,
  cancel,
  clear,
  countCorners,
  draw,
  finish,
  flaw,
  hand,
  isAsking,
  isShort,
  outline,
  purpose,
  shownOutline,
  takeDragged,
  takeDrawn,
} from '../src/state/outline';
import { place, readPlace } from '../src/state/place';
import { past } from '../src/state/track';
import { adviceFor, isSamePlace, whereOf } from '../src/state/visits';

/** A closed ring through places given in thousandths of a degree from 113 E, 34 N. */
const ringOf = (...corners: [number, number][]): Position[] =>
  [...corners, corners[0]!].map(([x, y]) => [113 + x / 1000, 34 + y / 1000]);
const anArea = (...corners: [number, number][]): Polygon => ({
  type: 'Polygon',
  coordinates: [ringOf(...corners)],
});
const SQUARE = anArea([0, 0], [10, 0], [10, 10], [0, 10]);
const BOW_TIE = anArea([0, 0], [10, 10], [10, 0], [0, 10]);

describe('an outline', () => {
  it.each([
    ['a square', SQUARE],
    ['a square the other way round', anArea([0, 10], [10, 10], [10, 0], [0, 0])],
    ['a triangle', anArea([0, 0], [10, 0], [3, 7])],
    ['one with a bay', anArea([0, 0], [10, 0], [10, 10], [5, 2], [0, 10])],
    [
      'one with a corner in the middle of a straight edge',
      anArea([0, 0], [5, 0], [10, 0], [10, 10], [0, 10]),
    ],
    ['one with a corner set twice', anArea([0, 0], [10, 0], [10, 0], [10, 10], [0, 10])],
  ])('is sound: %s', (_, area) => {
    expect(flawOf(area)).toBeNull();
  });

  it.each([
    ['a bow tie', BOW_TIE],
    ['a corner on another edge', anArea([0, 0], [10, 0], [10, 10], [5, 0], [0, 10])],
    ['a corner visited twice', anArea([0, 0], [10, 0], [5, 5], [10, 10], [0, 10], [5, 5])],
    ['an edge that runs back over the one before', anArea([0, 0], [10, 0], [4, 0], [4, 10])],
    ['an edge that runs back over the first', anArea([0, 0], [10, 0], [10, 10], [5, 10], [5, 0])],
  ])('crosses or touches itself: %s', (_, area) => {
    expect(flawOf(area)).toBe('crossing');
  });

  it.each([
    ['one corner', anArea([0, 0], [0, 0], [0, 0])],
    ['two corners', anArea([0, 0], [10, 0], [10, 0])],
    ['three corners on one line', anArea([0, 0], [5, 5], [10, 10])],
  ])('is flat: %s', (_, area) => {
    expect(flawOf(area)).toBe('flat');
  });

  it('is measured in square metres on the ground', () => {
    const [north, east] = [1113.2, 1113.2 * Math.cos((34.005 * Math.PI) / 180)]; // hundredths of a degree
    expect(groundM2(SQUARE) / (north * east)).toBeCloseTo(1, 3);
  });
});

describe('the pen', () => {
  beforeEach(() => {
    clear();
    isAsking.value = true;
    place.value = readPlace('?panel=unit');
  });

  it('is put away when a sound area is drawn to its end, and the map shows the area', () => {
    draw();
    expect(shownOutline.value).toBeNull();
    takeDrawn(SQUARE);
    expect([hand.value, shownOutline.value]).toEqual(['off', SQUARE]);
  });

  it('stays, for dragging corners, while the outline crosses itself', () => {
    draw();
    takeDrawn(BOW_TIE);
    finish(() => true);
    expect([hand.value, flaw.value, shownOutline.value]).toEqual(['adjust', 'crossing', null]);
    takeDragged(SQUARE.coordinates[0]!);
    finish(() => true);
    expect([hand.value, flaw.value, shownOutline.value]).toEqual(['off', null, SQUARE]);
  });

  it('says that corners are missing until the next one is set', () => {
    draw();
    countCorners(2);
    finish(() => false);
    expect([hand.value, isShort.value]).toEqual(['draw', true]);
    countCorners(2); // the pointer moved
    expect(isShort.value).toBe(true);
    countCorners(3);
    expect(isShort.value).toBe(false);
  });

  it('gives the area back that was there before, when cancelled', () => {
    takeDrawn(SQUARE);
    draw();
    takeDrawn(BOW_TIE);
    cancel();
    expect([hand.value, outline.value]).toEqual(['off', SQUARE]);
    adjust();
    takeDragged(BOW_TIE.coordinates[0]!);
    cancel();
    expect(outline.value).toEqual(SQUARE);
  });

  it('leaves no half-drawn area behind', () => {
    draw();
    takeDrawn(BOW_TIE);
    cancel();
    expect([hand.value, outline.value]).toEqual(['off', null]);
  });

  it('adjusts nothing where nothing is drawn', () => {
    adjust();
    expect(hand.value).toBe('off');
  });
});

describe('the area of a warning', () => {
  const parts = { type: 'MultiPolygon' as const, coordinates: [SQUARE.coordinates] };

  beforeEach(() => {
    clear();
    takeDrawn(SQUARE); // what is asked about stays
    purpose.value = 'warning';
    startDraft();
  });
  afterEach(() => {
    purpose.value = 'history';
    draft.value = null;
  });

  it('is drawn into the draft, beside what is asked about', () => {
    expect(outline.value).toBeNull();
    takeDrawn(BOW_TIE);
    expect(draft.value?.area).toBe(BOW_TIE);
    purpose.value = 'history';
    expect(outline.value).toBe(SQUARE);
  });

  it('of several parts is no outline to adjust, and comes back when drawing is cancelled', () => {
    change({ area: parts });
    adjust();
    expect([hand.value, outline.value]).toEqual(['off', null]);
    draw();
    takeDrawn(BOW_TIE);
    cancel();
    expect(draft.value?.area).toBe(parts);
  });
});

describe('a drawn area', () => {
  beforeEach(() => {
    clear();
    takeDrawn(SQUARE);
    isAsking.value = false;
    past.value = null;
    place.value = readPlace('?panel=unit');
  });

  it('shows on the map only while it is asked about', () => {
    expect(shownOutline.value).toBeNull();
    isAsking.value = true;
    expect(shownOutline.value).toBe(SQUARE);
  });

  it('stays behind a person who was found in it', () => {
    place.value = readPlace('?panel=member&member=7');
    expect(shownOutline.value).toBeNull();
    past.value = { member: 7, span: { from: '2026-03-01T08:00:00Z', to: '2026-03-01T09:00:00Z' } };
    expect(shownOutline.value).toBe(SQUARE);
  });

  it('goes before the unit, until it is cleared', () => {
    expect(whereOf(5, outline.value)).toEqual({ area: SQUARE });
    clear();
    expect(whereOf(5, outline.value)).toEqual({ unit: 5 });
  });

  it('drawn anew is another place, as another unit is', () => {
    const again = structuredClone(SQUARE);
    expect(isSamePlace({ area: SQUARE }, { area: SQUARE })).toBe(true);
    expect(isSamePlace({ area: SQUARE }, { area: again })).toBe(false);
    expect(isSamePlace({ area: SQUARE }, { unit: 5 })).toBe(false);
    expect(isSamePlace({ unit: 5 }, { area: SQUARE })).toBe(false);
    expect(isSamePlace({ unit: 5 }, { unit: 5 })).toBe(true);
    expect(isSamePlace({ unit: 5 }, { unit: 6 })).toBe(false);
  });
});

describe('a refusal', () => {
  const refused = (word: string, message = '') => new ApiError('invalid', word, message);

  it('of too much says what to make smaller', () => {
    expect(adviceFor(refused('too_much'), { area: SQUARE })).toBe('was.much.area');
    expect(adviceFor(refused('too_much'), { unit: 5 })).toBe('was.much.unit');
  });

  it('of the outline says to draw it again', () => {
    const said = refused(
      'bad_request',
      'body.area: Value error, the drawn area crosses itself: draw it again',
    );
    expect(adviceFor(said, { area: SQUARE })).toBe('was.flaw.crossing');
  });

  it('of anything else is told in the server’s words', () => {
    expect(adviceFor(refused('bad_request', '`from` must lie before `to`'), { unit: 5 })).toBeNull();
    expect(adviceFor(new TypeError('broken'), { unit: 5 })).toBeNull();
  });
});
