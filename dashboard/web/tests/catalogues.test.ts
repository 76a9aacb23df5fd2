import { describe, expect, it } from 'vitest';
import { en } from '../src/i18n/en';
import type { Text } from '../src/i18n/format';
import { zh } from '../src/i18n/zh';

const sources = Object.entries(
  import.meta.glob<string>(['../src/**/*.{ts,tsx}', '!../src/i18n/**'], {
    query: '?raw',
    import: 'default',
    eager: true,
  }),
);

const forms = (text: Text): string[] => (typeof text === 'string' ? [text] : Object.values(text));
const names = (text: Text): string[] =>
  [
    ...new Set(
      forms(text)
        .join(' ')
        .match(/\{\w+\}/g) ?? [],
    ),
  ].sort();

describe('the catalogues', () => {
  it('have the same keys in both languages', () => {
    expect(Object.keys(en).sort()).toEqual(Object.keys(zh).sort());
  });

  it('put the same values into both', () => {
    for (const key of Object.keys(zh) as (keyof typeof zh)[])
      expect([key, names(en[key])]).toEqual([key, names(zh[key])]);
  });

  it('leave nothing empty', () => {
    for (const text of [...Object.values<Text>(zh), ...Object.values(en)])
      for (const form of forms(text)) expect(form).not.toBe('');
  });

  it('hold every Chinese word of the product, but for the names of the languages themselves', () => {
    const stray = sources.flatMap(([path, text]) =>
      text
        .replace(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, '')
        .split('\n')
        .filter((line) => /\p{Script=Han}/u.test(line) && !/中文/.test(line))
        .map((line) => `${path}: ${line.trim()}`),
    );
    expect(stray).toEqual([]);
  });
});
