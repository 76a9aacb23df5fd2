/** Names of the people in view. The live channel carries numbers only; who they are is asked once and kept. */
import { signal } from '@preact/signals';
import { getMember, getMembers } from '../api/client';
import type { Member } from '../api/types';

const PAGE = 500;
const MOST = 5_000; // a directory, not a copy of the city

export const people = signal<ReadonlyMap<number, Member>>(new Map());
const asked = new Set<number>();

export function know(members: readonly Member[]): void {
  if (members.length === 0) return;
  people.value = new Map([...people.value, ...members.map((member) => [member.id, member] as const)]);
}

/** Learns the unit's people, page by page; asking again costs nothing. */
export async function learnUnit(unit: number): Promise<void> {
  if (asked.has(unit)) return;
  asked.add(unit);
  try {
    for (let offset = 0; offset < MOST; offset += PAGE) {
      const page = await getMembers(unit, { limit: PAGE, offset });
      know(page.members);
      if (page.members.length === 0 || offset + page.members.length >= page.total) return;
    }
  } catch {
    asked.delete(unit); // names are a comfort: the map stands without them, the next look asks again
  }
}

export async function learnMember(id: number): Promise<void> {
  if (people.value.has(id) || asked.has(-id)) return;
  asked.add(-id);
  try {
    know([await getMember(id)]);
  } catch {
    asked.delete(-id);
  }
}

export function forgetPeople(): void {
  people.value = new Map();
  asked.clear();
}
