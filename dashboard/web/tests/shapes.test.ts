import { describe, expect, it } from 'vitest';
import { visibleSlice } from '../src/design/List';
import { LEVEL_ORDER, LEVELS } from '../src/design/levels';
import { cellSide, circle, labelPlace, mercatorX, mercatorY, zoomFor } from '../src/map/geometry';
import { gridLevels, scopeOf, sumUp } from '../src/map/levels';
import { trackLines } from '../src/map/overlays';
import { reachParts } from '../src/screens/reach-parts';
import { newId } from '../src/state/compose';
import { placeAfter, readPlace, writePlace } from '../src/state/place';

describe('the four levels', () => {
  it('differ in numeral and in shape, so that they work without colour', () => {
    const looks = LEVEL_ORDER.map((level) => LEVELS[level]);
    expect(looks.map(({ numeral }) => numeral)).toEqual(['IV', 'III', 'II', 'I']);
    const corners = looks.map(({ shape }) => (shape.kind === 'circle' ? 0 : shape.points.split(' ').length));
    expect(corners).toEqual([0, 3, 4, 8]);
  });

  it('want a second person from orange on', () => {
    expect(LEVEL_ORDER.filter((level) => LEVELS[level].wantsSecondPerson)).toEqual(['orange', 'red']);
  });
});

describe('the address bar', () => {
  it('brings back the place it was written from', () => {
    const place = {
      unit: 12,
      panel: 'member' as const,
      member: 9,
      alert: null,
      message: null,
      manage: null,
      item: null,
      circular: null,
    };
    expect(readPlace(writePlace(place))).toEqual(place);
  });

  it('ignores what it does not know', () => {
    expect(readPlace('?unit=-3&panel=nonsense&member=x')).toEqual({
      unit: null,
      panel: null,
      member: null,
      alert: null,
      message: null,
      manage: null,
      item: null,
      circular: null,
    });
  });

  it('opens a section of Manage, and what is open in it', () => {
    const place = { ...readPlace(''), manage: 'role-sets' as const, item: '3+X' };
    expect(writePlace(place)).toBe('?manage=role-sets&item=3%2BX');
    expect(readPlace(writePlace(place))).toEqual(place);
    expect(readPlace('?manage=nonsense&item=3')).toEqual(readPlace(''));
  });

  it('leaves Manage for the panels of the map, and stays for one’s own account', () => {
    const managing = { ...readPlace(''), manage: 'audit' as const, item: '7' };
    expect(placeAfter(managing, { panel: 'cases' })).toMatchObject({
      manage: null,
      item: null,
      panel: 'cases',
    });
    expect(placeAfter(managing, { panel: 'me' })).toMatchObject({ manage: 'audit', item: '7', panel: 'me' });
    expect(placeAfter({ ...readPlace(''), panel: 'cases' }, { manage: 'audit' }).panel).toBeNull();
    expect(placeAfter(managing, { manage: 'members' }).item).toBeNull();
  });

  it('keeps to one circular from folder to folder of messages, and nowhere else', () => {
    const sent = { ...readPlace(''), manage: 'sms-sent' as const, circular: 'c1' };
    expect(readPlace(writePlace(sent))).toEqual(sent);
    expect(placeAfter(sent, { manage: 'sms-archived' }).circular).toBe('c1');
    expect(placeAfter(sent, { manage: 'sms-log' }).circular).toBeNull();
    expect(readPlace('?manage=sms-log&circular=c1').circular).toBeNull();
  });
});

describe('the map', () => {
  it('stands on Web Mercator', () => {
    expect(mercatorX(0)).toBe(0.5);
    expect(mercatorY(0)).toBeCloseTo(0.5, 12);
    expect(mercatorY(85.051128)).toBeCloseTo(0, 6);
  });

  it('shows a level once its cells are large enough', () => {
    const side = cellSide([113, 34, 114, 35], 100);
    expect(zoomFor(512 * side, side)).toBeCloseTo(0, 12);
    expect(zoomFor(1024 * side, side)).toBeCloseTo(1, 12);
  });

  it('puts a name into the middle of the largest part', () => {
    const square = (x: number, size: number) => [
      [x, 0],
      [x + size, 0],
      [x + size, size],
      [x, size],
      [x, 0],
    ];
    const [lon, lat] = labelPlace({ type: 'MultiPolygon', coordinates: [[square(0, 1)], [square(10, 4)]] });
    expect([lon, lat]).toEqual([12, 2]);
  });

  it('draws accuracy as a circle in metres', () => {
    const [ring] = circle({ lon: 113, lat: 34 }, 100).coordinates;
    const north = Math.max(...ring!.map(([, lat]) => lat!)) - 34;
    expect(north * 111_319).toBeCloseTo(100, 0);
  });

  it('fetches a level whole when it is small, else below the chosen unit, else not', () => {
    const units = ['city', 'county', 'county', 'grid-3'].map((level, id) => unitOf(id, level));
    const rank = (level: string) => ['city', 'county', 'grid-3'].indexOf(level);
    const levels = gridLevels(units, rank);
    expect(levels.map(({ code, count }) => [code, count])).toEqual([
      ['city', 1],
      ['county', 2],
      ['grid-3', 1],
    ]);
    const large = { code: 'grid-3', rank: 2, count: 17_350 };
    expect(scopeOf(levels[2]!, 1, 5, () => 0)).toBe(1);
    expect(scopeOf(large, 1, 5, () => 90)).toBe(5);
    expect(scopeOf(large, 1, 5, () => 17_350)).toBeNull();
  });

  it('adds the counts of leaves to their ancestors', () => {
    const parents = new Map([
      [3, 2],
      [4, 2],
      [2, 1],
    ]);
    const leaf = (online: number) => ({ online, silent: 0, total: online, sos: 0 });
    const sums = sumUp(
      new Map([
        [3, leaf(5)],
        [4, leaf(7)],
      ]),
      (unit) => parents.get(unit) ?? null,
    );
    expect([1, 2, 3].map((unit) => sums.get(unit)?.online)).toEqual([12, 12, 5]);
  });

  it('fades a track with age and leaves silence empty', () => {
    const minute = 60_000;
    const points = [0, 1, 30, 31].map((at): [number, number, number, null, null, number] => [
      at * minute,
      1,
      1,
      null,
      null,
      0,
    ]);
    const opacities = trackLines(points, 31 * minute).features.map(
      (line) => line.properties?.opacity as number,
    );
    expect(opacities).toHaveLength(2);
    expect(opacities[0]).toBeLessThan(opacities[1]!);
  });
});

const unitOf = (id: number, level: string) => ({
  id,
  level,
  code: '',
  name: '',
  name_en: null,
  parent: null,
  members: 0,
});

describe('lists', () => {
  it('draw what is seen and a little more', () => {
    expect(visibleSlice(10_000, 32, 3200, 320)).toEqual({ first: 94, last: 116 });
    expect(visibleSlice(3, 32, 0, 320)).toEqual({ first: 0, last: 3 });
    expect(visibleSlice(0, 32, 0, 320)).toEqual({ first: 0, last: 0 });
  });
});

describe('reach', () => {
  it('never draws more people than there are', () => {
    const reach = { audience: 10, told: 9, delivered: 7, acknowledged: 3, failed: 1, unknown: 0, queued: 0 };
    expect(reachParts(reach).map(({ people }) => people)).toEqual([3, 4, 2, 1]);
    const odd = { audience: 2, told: 2, delivered: 2, acknowledged: 2, failed: 2, unknown: 0, queued: 0 };
    expect(reachParts(odd).reduce((sum, { people }) => sum + people, 0)).toBe(2);
  });
});

describe('an alert’s id', () => {
  it('is a version 4 UUID of the bytes given', () => {
    expect(newId(new Uint8Array(16).fill(0xff))).toBe('ffffffff-ffff-4fff-bfff-ffffffffffff');
  });
});
