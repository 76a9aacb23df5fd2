/** Who is out of their own grid since when: the server's word with each person, and what was said live since then. */
import { signal } from '@preact/signals';
import type { Member } from '../api/types';

/** By member; null: they came back. Of those in view only, and of this connection only: what it missed is not known. */
export const liveOutings = signal<ReadonlyMap<number, string | null>>(new Map());

export function sayOuting(member: number, since: string | null): void {
  liveOutings.value = new Map(liveOutings.value).set(member, since);
}

export function forgetOutings(): void {
  if (liveOutings.value.size > 0) liveOutings.value = new Map();
}

export function outsideSince({ id, outside_since }: Pick<Member, 'id' | 'outside_since'>): string | null {
  const said = liveOutings.value.get(id);
  return said === undefined ? outside_since : said;
}
