/** A roster's pattern as people read it: one line for each kind of shift, one column for each day of the cycle. */
import type { Shift } from '../api/duty';

export interface Line {
  name: string;
  starts: string; // HH:MM
  ends: string; // not later than `starts`: on the next day
  days: readonly boolean[]; // of the cycle
}

export const CYCLE_MOST = 56; // columns that can still be read
const MINUTES_A_DAY = 24 * 60;

const short = (time: string): string => time.slice(0, 5); // the server may say the seconds
const minutes = (time: string): number => Number(time.slice(0, 2)) * 60 + Number(time.slice(3, 5));

export const isTime = (text: string): boolean => /^([01]\d|2[0-3]):[0-5]\d$/.test(text);

/** `8`, `830`, `8:30`, `08：30` as a clock writes them; what is no time stays as it is. */
export function tidied(text: string): string {
  const [, hour, minute] = /^\s*(\d{1,2})\s*[:：.]?\s*(\d{2})?\s*$/.exec(text) ?? [];
  if (hour === undefined) return text;
  const time = `${hour.padStart(2, '0')}:${minute ?? '00'}`;
  return isTime(time) ? time : text;
}

export function linesOf(shifts: readonly Shift[], cycleDays: number): Line[] {
  const lines = new Map<string, boolean[]>();
  for (const { name, starts, ends, day } of [...shifts].sort((a, b) => a.number - b.number)) {
    const key = JSON.stringify([name, short(starts), short(ends)]);
    const days = lines.get(key) ?? Array<boolean>(cycleDays).fill(false);
    if (day < cycleDays) days[day] = true;
    lines.set(key, days);
  }
  return [...lines].map(([key, days]) => {
    const [name, starts, ends] = JSON.parse(key) as [string, string, string];
    return { name, starts, ends, days };
  });
}

/** Day by day, then as the lines stand. */
export function shiftsOf(lines: readonly Line[], cycleDays: number): Shift[] {
  const found: Omit<Shift, 'number'>[] = [];
  for (let day = 0; day < cycleDays; day++)
    for (const { name, starts, ends, days } of lines) if (days[day]) found.push({ name, day, starts, ends });
  return found.map((shift, at) => ({ number: at + 1, ...shift }));
}

export const resized = (lines: readonly Line[], cycleDays: number): Line[] =>
  lines.map((line) => ({
    ...line,
    days: Array.from({ length: cycleDays }, (_, day) => line.days[day] ?? false),
  }));

export const toggled = (lines: readonly Line[], at: number, day: number): Line[] =>
  lines.map((line, index) =>
    index === at ? { ...line, days: line.days.map((on, each) => (each === day ? !on : on)) } : line,
  );

export function hoursOf({ starts, ends }: Pick<Line, 'starts' | 'ends'>): number {
  const length = minutes(ends) - minutes(starts);
  return (length > 0 ? length : length + MINUTES_A_DAY) / 60;
}

const remainder = (value: number, of: number): number => ((value % of) + of) % of;

/** Where in the cycle somebody stands `days` after the anchor. */
export const dayOfCycle = (days: number, offset: number, cycleDays: number): number =>
  remainder(days + offset, cycleDays);

/** How many people each line has on each day after the anchor, over one cycle: where there are none, nobody is there. */
export function coverage(lines: readonly Line[], offsets: readonly number[], cycleDays: number): number[][] {
  return lines.map(({ days }) =>
    Array.from(
      { length: cycleDays },
      (_, day) => offsets.filter((offset) => days[dayOfCycle(day, offset, cycleDays)]).length,
    ),
  );
}

/** Shift names are keys of the catalogue (`roster.shift.*`), translated when a template is taken. */
export interface Template {
  code: 'weekdays' | 'two' | 'three' | 'full';
  cycleDays: number;
  lines: readonly {
    name: 'day' | 'early' | 'late' | 'night' | 'full';
    starts: string;
    ends: string;
    on: string;
  }[];
}

export const TEMPLATES: readonly Template[] = [
  { code: 'weekdays', cycleDays: 7, lines: [{ name: 'day', starts: '08:30', ends: '17:30', on: '1111100' }] },
  {
    code: 'two',
    cycleDays: 4,
    lines: [
      { name: 'day', starts: '08:00', ends: '20:00', on: '1000' },
      { name: 'night', starts: '20:00', ends: '08:00', on: '0100' },
    ],
  },
  {
    code: 'three',
    cycleDays: 8,
    lines: [
      { name: 'early', starts: '08:00', ends: '16:00', on: '11000000' },
      { name: 'late', starts: '16:00', ends: '00:00', on: '00110000' },
      { name: 'night', starts: '00:00', ends: '08:00', on: '00001100' },
    ],
  },
  { code: 'full', cycleDays: 3, lines: [{ name: 'full', starts: '08:00', ends: '08:00', on: '100' }] },
];

export const linesOfTemplate = (
  template: Template,
  shiftName: (name: Template['lines'][number]['name']) => string,
): Line[] =>
  template.lines.map(({ name, starts, ends, on }) => ({
    name: shiftName(name),
    starts,
    ends,
    days: [...on].map((mark) => mark === '1'),
  }));

/** The Monday of the week of a date (YYYY-MM-DD): day 0 of a weekly cycle is best a Monday. */
export function mondayOf(date: string): string {
  const day = new Date(`${date}T00:00:00Z`);
  day.setUTCDate(day.getUTCDate() - remainder(day.getUTCDay() - 1, 7));
  return day.toISOString().slice(0, 10);
}

export function dateAfter(date: string, days: number): string {
  const day = new Date(`${date}T00:00:00Z`);
  day.setUTCDate(day.getUTCDate() + days);
  return day.toISOString().slice(0, 10);
}

/**
 * Where in the cycle one more person fills most gaps; among equals where fewest stand, then the earliest.
 * A cycle of whole weeks follows the calendar: everybody stands where the week does.
 */
export function bestOffset(lines: readonly Line[], offsets: readonly number[], cycleDays: number): number {
  if (cycleDays % 7 === 0) return 0;
  const gaps = (offset: number) =>
    coverage(lines, [...offsets, offset], cycleDays)
      .flat()
      .filter((count) => count === 0).length;
  const standing = (offset: number) => offsets.filter((each) => remainder(each, cycleDays) === offset).length;
  const ranked = Array.from({ length: cycleDays }, (_, offset) => ({
    offset,
    gaps: gaps(offset),
    standing: standing(offset),
  }));
  ranked.sort((a, b) => a.gaps - b.gaps || a.standing - b.standing || a.offset - b.offset);
  return ranked[0]?.offset ?? 0;
}
