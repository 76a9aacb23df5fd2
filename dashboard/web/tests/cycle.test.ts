import { describe, expect, it } from 'vitest';
import {
  bestOffset,
  coverage,
  dateAfter,
  dayOfCycle,
  hoursOf,
  isTime,
  linesOf,
  linesOfTemplate,
  mondayOf,
  resized,
  shiftsOf,
  TEMPLATES,
  tidied,
  toggled,
} from '../src/state/cycle';

const shift = (name: string, day: number, starts: string, ends: string, number = day) => ({
  number,
  name,
  day,
  starts,
  ends,
});
const template = (code: string) =>
  linesOfTemplate(TEMPLATES.find((each) => each.code === code)!, (name) => name);

describe('a roster', () => {
  it('becomes one line for each kind of shift and comes back as it was', () => {
    const shifts = [
      shift('day', 0, '08:00', '20:00', 1),
      shift('day', 1, '08:00', '20:00', 2),
      shift('night', 1, '20:00', '08:00', 3),
    ];
    const lines = linesOf(shifts, 4);
    expect(lines.map(({ name, days }) => [name, days.map(Number).join('')])).toEqual([
      ['day', '1100'],
      ['night', '0100'],
    ]);
    expect(shiftsOf(lines, 4)).toEqual(shifts);
  });

  it('reads times with and without seconds as one line', () => {
    expect(
      linesOf([shift('day', 0, '08:00:00', '20:00:00'), shift('day', 1, '08:00', '20:00')], 2),
    ).toHaveLength(1);
  });

  it('counts a shift over midnight, and one that ends when it began as a whole day', () => {
    expect(hoursOf({ starts: '20:00', ends: '08:00' })).toBe(12);
    expect(hoursOf({ starts: '08:00', ends: '08:00' })).toBe(24);
    expect(hoursOf({ starts: '16:00', ends: '00:00' })).toBe(8);
  });

  it('takes hours as people type them', () => {
    expect(['8', '830', '8:30', '08：30', '20:00'].map(tidied)).toEqual([
      '08:00',
      '08:30',
      '08:30',
      '08:30',
      '20:00',
    ]);
    expect(['25:00', 'noon', ''].map(tidied).filter(isTime)).toEqual([]);
  });

  it('keeps what fits when the cycle is made longer or shorter', () => {
    const lines = template('two');
    expect(resized(lines, 2)[1]!.days).toEqual([false, true]);
    expect(resized(lines, 6)[0]!.days).toEqual([true, false, false, false, false, false]);
  });

  it('is changed one cell at a time', () => {
    expect(toggled(template('two'), 0, 2)[0]!.days).toEqual([true, false, true, false]);
  });

  it('is covered round the clock by four people a day apart', () => {
    expect(coverage(template('two'), [0, 1, 2, 3], 4)).toEqual([
      [1, 1, 1, 1],
      [1, 1, 1, 1],
    ]);
    expect(coverage(template('three'), [0, 2, 4, 6], 8)).toEqual(Array(3).fill(Array(8).fill(1)));
  });

  it('puts one person after another where they fill most gaps', () => {
    const filled = (code: string, cycleDays: number, people: number) => {
      const offsets: number[] = [];
      for (let each = 0; each < people; each++) offsets.push(bestOffset(template(code), offsets, cycleDays));
      return offsets;
    };
    expect(coverage(template('three'), filled('three', 8, 4), 8).flat()).not.toContain(0);
    expect(coverage(template('two'), filled('two', 4, 4), 4).flat()).not.toContain(0);
    expect(filled('weekdays', 7, 3)).toEqual([0, 0, 0]);
  });

  it('shows the days on which nobody comes', () => {
    expect(coverage(template('full'), [0, 1], 3)).toEqual([[1, 0, 1]]);
  });

  it('counts days before the anchor too', () => {
    expect(dayOfCycle(-1, 0, 4)).toBe(3);
    expect(dayOfCycle(2, 3, 4)).toBe(1);
  });

  it('begins its week on a Monday', () => {
    expect(mondayOf('2026-11-22')).toBe('2026-11-16');
    expect(mondayOf('2026-11-16')).toBe('2026-11-16');
    expect(dateAfter('2026-02-27', 2)).toBe('2026-03-01');
  });
});
