import type { ComponentChildren } from 'preact';

export type Tone = 'plain' | 'good' | 'bad' | 'warn';

export function Badge({ tone = 'plain', children }: { tone?: Tone; children: ComponentChildren }) {
  return <span class={`badge badge-${tone}`}>{children}</span>;
}

/** A number that asks for somebody; nothing when there is none. */
export function Count({ value }: { value: number }) {
  return value > 0 ? <span class="count">{value}</span> : null;
}
