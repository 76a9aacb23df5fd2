import { describe, expect, it } from 'vitest';
import { firstLanguage, time } from '../src/i18n';
import { format } from '../src/i18n/format';
import { LATE_AFTER_MS, LOST_AFTER_MS, linkState, retryDelayMs } from '../src/live/link';
import { presenceAt } from '../src/live/presence';

describe('presence', () => {
  it.each([
    ['just heard', 1000, 10, 1000, 0],
    ['within the floor of a minute', 1000, 10, 1060, 0],
    ['past it', 1000, 10, 1061, 1],
    ['within twice a long interval', 1000, 300, 1600, 0],
    ['past three minutes', 1000, 10, 1181, 2],
    ['past five long intervals', 1000, 300, 2501, 2],
    ['past a day', 1000, 10, 1000 + 86_401, 3],
    ['never heard', 0, 10, 50, 3],
  ])('%s', (_, receivedS, intervalS, nowS, expected) => {
    expect(presenceAt(receivedS, intervalS, nowS)).toBe(expected);
  });
});

describe('our own connection', () => {
  const open = { isOpen: true, heardAtMs: 1000, closedAtMs: null };

  it('is connecting until the first word, and lost when it closes before one', () => {
    expect(linkState({ isOpen: false, heardAtMs: null, closedAtMs: null }, 5000)).toBe('connecting');
    expect(linkState({ isOpen: false, heardAtMs: null, closedAtMs: 1 }, 5000)).toBe('lost');
  });

  it('is late, then lost, by silence alone', () => {
    expect(linkState(open, 1000 + LATE_AFTER_MS)).toBe('live');
    expect(linkState(open, 1001 + LATE_AFTER_MS)).toBe('late');
    expect(linkState(open, 1001 + LOST_AFTER_MS)).toBe('lost');
  });

  it('is late as soon as it closes', () => {
    expect(linkState({ isOpen: false, heardAtMs: 1000, closedAtMs: 1500 }, 1600)).toBe('late');
  });

  it('comes back later each time, up to a bound, never all at once', () => {
    expect([0, 1, 2, 20].map((attempt) => retryDelayMs(attempt, 0))).toEqual([500, 1000, 2000, 15_000]);
    expect(retryDelayMs(20, 1)).toBe(7500);
  });
});

describe('a time', () => {
  const at = (dayOfMonth: number, hour: number) => new Date(2026, 2, dayOfMonth, hour).getTime();

  it.each([
    ['today', at(5, 4), at(5, 23), false],
    ['tomorrow early', at(6, 4), at(5, 23), true],
    ['late yesterday', at(4, 23), at(5, 1), true],
    ['this hour of a month ago', at(5, 4), at(35, 4), true],
  ])('has its date unless it is of today: %s', (_, moment, nowMs, isDated) => {
    expect(time(moment, nowMs).includes('3月')).toBe(isDated);
  });
});

describe('words', () => {
  it('put numbers by the locale and the plural by count', () => {
    const text = { one: 'Tell {count} person', other: 'Tell {count} people' };
    expect(format(text, { count: 1 }, 'en-GB')).toBe('Tell 1 person');
    expect(format(text, { count: 3120 }, 'en-GB')).toBe('Tell 3,120 people');
    expect(format('通知 {count} 人', { count: 3120 }, 'zh-CN')).toBe('通知 3,120 人');
  });

  it('leave an unknown name in sight', () => {
    expect(format('{what}?', {}, 'en-GB')).toBe('{what}?');
  });

  it('start in the stored language, else in the browser’s', () => {
    expect(firstLanguage('en', ['zh-CN'])).toBe('en');
    expect(firstLanguage(null, ['zh-TW', 'en'])).toBe('zh');
    expect(firstLanguage('xx', ['fr'])).toBe('en');
  });
});
