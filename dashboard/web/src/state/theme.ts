import { effect, signal } from '@preact/signals';

export type Theme = 'dark' | 'light';
const STORED = 'gridwarden.theme';

const first = (): Theme => {
  const stored = localStorage.getItem(STORED);
  if (stored === 'dark' || stored === 'light') return stored;
  return matchMedia('(prefers-color-scheme: light)').matches ? 'light' : 'dark';
};

export const theme = signal<Theme>('dark');

export function startTheme(): void {
  theme.value = first();
  effect(() => {
    document.documentElement.dataset.theme = theme.value;
  });
}

export function switchTheme(): void {
  theme.value = theme.value === 'dark' ? 'light' : 'dark';
  localStorage.setItem(STORED, theme.value);
}

/** A token's value now, for what cannot read CSS variables itself: the map. */
export const token = (name: string): string =>
  getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
