import { describe, expect, it } from 'vitest';
import { decodeFrame, type PointsFrame } from '../src/live/frame';
import { Roster } from '../src/live/roster';
import { aPerson, aPointsFrame, type Person } from './builders';

const frame = (type: 1 | 2, people: Person[]) => decodeFrame(aPointsFrame({ type, people })) as PointsFrame;

describe('the roster', () => {
  it('counts a move when a known person stands elsewhere, and none when somebody is new', () => {
    const roster = new Roster();
    roster.apply(frame(1, [aPerson({ id: 1 }), aPerson({ id: 2 })]));
    roster.apply(frame(2, [aPerson({ id: 1, lon: 1_136_000_100 }), aPerson({ id: 3 })]));
    expect([roster.n, roster.moves]).toEqual([3, 1]);
  });

  it('drops who left and keeps finding everybody else', () => {
    const roster = new Roster();
    roster.apply(
      frame(1, [aPerson({ id: 1, lat: 11 }), aPerson({ id: 2, lat: 22 }), aPerson({ id: 3, lat: 33 })]),
    );
    roster.apply(frame(2, [aPerson({ id: 1, state: 0x80 })]));
    expect(roster.row(1)).toBeUndefined();
    expect([2, 3].map((id) => roster.lat[roster.row(id)!])).toEqual([22, 33]);
  });

  it('keeps only the people of a new snapshot', () => {
    const roster = new Roster();
    roster.apply(frame(1, [aPerson({ id: 1 }), aPerson({ id: 2 })]));
    roster.apply(frame(1, [aPerson({ id: 2 }), aPerson({ id: 4 })]));
    expect([roster.n, roster.row(1)]).toEqual([2, undefined]);
  });

  it('grows past its first room without losing anybody', () => {
    const roster = new Roster();
    roster.apply(
      frame(
        1,
        Array.from({ length: 3000 }, (_, at) => aPerson({ id: at + 1, lat: at + 1 })),
      ),
    );
    expect(roster.lat[roster.row(2999)!]).toBe(2999);
  });

  it('ages people by the clock alone and never touches their SOS', () => {
    const roster = new Roster();
    roster.apply(frame(1, [aPerson({ id: 1, receivedS: 1000, intervalS: 10, state: 0x30 })]));
    roster.age(1000 + 181);
    expect([roster.presence(0), roster.isSos(0)]).toEqual([2, true]);
  });
});
