/** Words, numbers and times in the chosen language. Reading any of these inside a component follows the language. */
import { computed, signal } from '@preact/signals';
import { en } from './en';
import { format, type Params, type Text } from './format';
import { type Key, zh } from './zh';

export type Language = 'zh' | 'en';
export type { Key };

const STORED = 'gridwarden.language';
const CATALOGUES: Readonly<Record<Language, Readonly<Record<Key, Text>>>> = { zh, en };
const LOCALES: Readonly<Record<Language, string>> = { zh: 'zh-CN', en: 'en-GB' };

/** What was chosen before, else Chinese where the browser says so, else English. */
export function firstLanguage(stored: string | null, wanted: readonly string[]): Language {
  if (stored === 'zh' || stored === 'en') return stored;
  return wanted[0]?.toLowerCase().startsWith('zh') ? 'zh' : 'en';
}

export const language = signal<Language>('zh');
export const locale = computed(() => LOCALES[language.value]);

export function chooseLanguage(next: Language): void {
  language.value = next;
  localStorage.setItem(STORED, next);
  document.documentElement.lang = LOCALES[next];
}

export function startLanguage(): void {
  chooseLanguage(firstLanguage(localStorage.getItem(STORED), navigator.languages));
}

export function t(key: Key, params: Params = {}): string {
  return format(CATALOGUES[language.value][key], params, locale.value);
}

/** Whether there is a text of that name, for names put together from what the server says. */
export const has = (key: string): key is Key => key in zh;

/** A word the server chose (a reason, a state): its translation, or the word itself when we have none yet. */
export function tWord(prefix: string, word: string): string {
  const key = `${prefix}.${word.replaceAll(/\W/g, '_')}`;
  return has(key) ? t(key) : word.replaceAll('_', ' ');
}

const pick = (zhText: string, enText: string | null | undefined): string =>
  language.value === 'zh' ? zhText : enText || zhText;

/** A thing that carries both its names. */
export const named = (thing: { name: string; name_en?: string | null }): string =>
  pick(thing.name, thing.name_en);
export const titled = (thing: { name_zh: string; name_en: string }): string =>
  pick(thing.name_zh, thing.name_en);

export const number = (value: number, digits = 0): string =>
  new Intl.NumberFormat(locale.value, { maximumFractionDigits: digits }).format(value);

const clock = computed(
  () =>
    new Intl.DateTimeFormat(locale.value, {
      hour: '2-digit',
      minute: '2-digit',
      second: '2-digit',
      hour12: false,
    }),
);
const dayClock = computed(
  () =>
    new Intl.DateTimeFormat(locale.value, {
      month: 'short',
      day: 'numeric',
      hour: '2-digit',
      minute: '2-digit',
      second: '2-digit',
      hour12: false,
    }),
);

const date = computed(
  () => new Intl.DateTimeFormat(locale.value, { year: 'numeric', month: 'short', day: 'numeric' }),
);

/** The day alone. */
export const day = (at: string | number): string => date.value.format(new Date(at));

const weekdays = computed(() => new Intl.DateTimeFormat(locale.value, { weekday: 'short', timeZone: 'UTC' }));

/** The weekday of a date (YYYY-MM-DD), whatever the reader's time zone. */
export const weekday = (on: string): string => weekdays.value.format(new Date(`${on}T00:00:00Z`));

const hours = computed(
  () => new Intl.DateTimeFormat(locale.value, { hour: '2-digit', minute: '2-digit', hour12: false }),
);

/** The time of day to the minute. */
export const clockHour = (at: string): string => hours.value.format(new Date(at));

const isSameDay = (oneMs: number, otherMs: number): boolean =>
  new Date(oneMs).toDateString() === new Date(otherMs).toDateString();

/** The time of day; with the date when that is not today's: 04:00 of tomorrow must not read as long over. */
export function time(at: string | number, nowMs: number): string {
  const ms = typeof at === 'number' ? at : Date.parse(at);
  return (isSameDay(ms, nowMs) ? clock : dayClock).value.format(ms);
}

const UNITS: readonly (readonly [unit: string, seconds: number])[] = [
  ['day', 86_400],
  ['hour', 3_600],
  ['minute', 60],
  ['second', 1],
];

/** A span of time in its largest whole unit: 12 s, 3 min, 2 h. */
export function span(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds));
  const [unit, size] = UNITS.find(([, each]) => whole >= each) ?? ['second', 1];
  const style: Intl.NumberFormatOptions = { style: 'unit', unit, unitDisplay: 'short' };
  return new Intl.NumberFormat(locale.value, style).format(Math.floor(whole / size));
}

export const ago = (at: string | number, nowMs: number): string =>
  t('ago', { span: span((nowMs - (typeof at === 'number' ? at : Date.parse(at))) / 1000) });
