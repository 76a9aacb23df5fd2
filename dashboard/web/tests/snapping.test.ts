import type { Polygon, Position } from 'geojson';
import { expect, test } from 'vitest';
import { snap } from '../src/screens/manage/grids/snapping';

const SQUARE: Polygon = {
  type: 'Polygon',
  coordinates: [
    [
      [113, 34],
      [113.01, 34],
      [113.01, 34.01],
      [113, 34.01],
      [113, 34],
    ],
  ],
};
const project = ([lon, lat]: Position) => ({ x: (lon! - 113) * 100_000, y: (lat! - 34) * 100_000 }); // 1,000 px a side

test('a pointer beside a corner means the corner', () => {
  expect(snap({ x: 1008, y: -6 }, [SQUARE], project)).toEqual([113.01, 34]);
});

test('a corner in reach wins over a nearer edge', () => {
  expect(snap({ x: 990, y: 1 }, [SQUARE], project)).toEqual([113.01, 34]);
});

test('a pointer beside an edge means the place on it', () => {
  expect(snap({ x: 500, y: 7 }, [SQUARE], project)).toEqual([113.005, 34]);
});

test('a pointer in the open means itself', () => {
  expect(snap({ x: 500, y: 500 }, [SQUARE], project)).toBeUndefined();
});

test('what is snapped to lies on the lattice', () => {
  const [lon, lat] = snap({ x: 333.3333333, y: 3 }, [SQUARE], project)!;
  expect([lon, lat]).toEqual([Math.round(lon! * 1e7) / 1e7, 34]);
});
