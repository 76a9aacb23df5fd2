import { describe, expect, it } from 'vitest';
import { BadFrame, decodeFrame, HEADER_BYTES } from '../src/live/frame';
import { aCountsFrame, aPerson, aPointsFrame } from './builders';

describe('a frame of points', () => {
  it('gives each column back as it was sent, whatever padding an odd number of rows needs', () => {
    const people = [
      aPerson({ id: 7, lon: 1_136_500_000, lat: 347_600_000, intervalS: 10, batteryPct: 81 }),
      aPerson({ id: 9, lon: -10, lat: -20, intervalS: 300, batteryPct: -1, state: 0x12 }),
      aPerson({ id: 4_000_000_000, state: 0x80 }),
    ];
    const frame = decodeFrame(aPointsFrame({ type: 2, epoch: 3, tick: 41, unit: 12, people }));
    if (frame.kind !== 'points') throw new Error('not points');
    expect([frame.isSnapshot, frame.epoch, frame.tick, frame.unit, frame.n]).toEqual([false, 3, 41, 12, 3]);
    expect([...frame.id]).toEqual([7, 9, 4_000_000_000]);
    expect([...frame.lon].slice(0, 2)).toEqual([1_136_500_000, -10]);
    expect([...frame.intervalS].slice(0, 2)).toEqual([10, 300]);
    expect([...frame.batteryPct].slice(0, 2)).toEqual([81, -1]);
    expect([...frame.state]).toEqual([0, 0x12, 0x80]);
  });

  it('may be empty', () => {
    expect(decodeFrame(aPointsFrame({ people: [] })).n).toBe(0);
  });
});

describe('a frame of counts', () => {
  it('gives one row a grid', () => {
    const frame = decodeFrame(aCountsFrame([{ id: 5, online: 12, silent: 1, total: 20, sos: 0 }]));
    if (frame.kind !== 'counts') throw new Error('not counts');
    expect([frame.id[0], frame.online[0], frame.silent[0], frame.total[0], frame.sos[0]]).toEqual([
      5, 12, 1, 20, 0,
    ]);
  });
});

describe('bytes that are no frame', () => {
  const good = aPointsFrame({ people: [aPerson({})] });
  const with_ = (offset: number, value: number) => {
    const bytes = new Uint8Array(good.slice(0));
    bytes[offset] = value;
    return bytes.buffer;
  };

  it.each([
    ['too short for a header', good.slice(0, HEADER_BYTES - 1)],
    ['another magic', with_(0, 0)],
    ['another version', with_(5, 9)],
    ['an unknown type', with_(4, 8)],
    ['a column cut short', good.slice(0, good.byteLength - 5)],
    ['more rows than bytes', with_(26, 255)],
  ])('are refused: %s', (_, bytes) => {
    expect(() => decodeFrame(bytes)).toThrow(BadFrame);
  });
});
