/** The four levels of warning, lowest first: each has a numeral and a shape of its own. Drawn in a box of 24 by 24. */
import type { LevelColour } from '../api/types';

export type LevelShape = { kind: 'circle'; radius: number } | { kind: 'polygon'; points: string };

export interface LevelLook {
  rank: 1 | 2 | 3 | 4;
  numeral: 'IV' | 'III' | 'II' | 'I';
  shape: LevelShape;
  textY: number; // baseline of the numeral: a triangle is heavy at its foot
  wantsSecondPerson: boolean; // orange and red: approval, or a logged emergency override
}

const octagon = (radius: number): string =>
  Array.from({ length: 8 }, (_, corner) => {
    const angle = ((corner + 0.5) * Math.PI) / 4;
    return `${(12 + radius * Math.cos(angle)).toFixed(2)},${(12 + radius * Math.sin(angle)).toFixed(2)}`;
  }).join(' ');

export const LEVELS: Readonly<Record<LevelColour, LevelLook>> = {
  blue: {
    rank: 1,
    numeral: 'IV',
    shape: { kind: 'circle', radius: 11 },
    textY: 15.2,
    wantsSecondPerson: false,
  },
  yellow: {
    rank: 2,
    numeral: 'III',
    shape: { kind: 'polygon', points: '12,0.5 24,23 0,23' },
    textY: 19.5,
    wantsSecondPerson: false,
  },
  orange: {
    rank: 3,
    numeral: 'II',
    shape: { kind: 'polygon', points: '12,0 24,12 12,24 0,12' },
    textY: 15.2,
    wantsSecondPerson: true,
  },
  red: {
    rank: 4,
    numeral: 'I',
    shape: { kind: 'polygon', points: octagon(12) },
    textY: 15.2,
    wantsSecondPerson: true,
  },
};

export const LEVEL_ORDER: readonly LevelColour[] = ['blue', 'yellow', 'orange', 'red'];
