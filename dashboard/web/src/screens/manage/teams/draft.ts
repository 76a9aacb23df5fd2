/** A work team as its form holds it. Days are the reader's own; a team's last day counts whole. */
import type { TeamCard, TeamChange } from '../../../api/duty';
import type { Named } from '../../../api/types';

export interface TeamDraft {
  name: string;
  unit: number | null;
  purpose: string;
  leader: Named | null;
  from: string; // YYYY-MM-DD
  to: string;
  members: { member: Named; duty: string }[];
}

const two = (value: number): string => String(value).padStart(2, '0');

/** The local day of a moment. */
export function dayOf(at: string | null): string {
  if (at === null) return '';
  const day = new Date(at);
  return `${day.getFullYear()}-${two(day.getMonth() + 1)}-${two(day.getDate())}`;
}

const begin = (day: string): string | null => (day ? new Date(`${day}T00:00:00`).toISOString() : null);
const end = (day: string): string | null => (day ? new Date(`${day}T23:59:59`).toISOString() : null);

export const toDraft = (team: TeamCard): TeamDraft => ({
  name: team.name,
  unit: team.unit.id,
  purpose: team.purpose,
  leader: team.leader,
  from: dayOf(team.starts_at),
  to: dayOf(team.ends_at),
  members: team.members.map(({ member, duty }) => ({ member: { id: member.id, name: member.name }, duty })),
});

export function toChange(draft: Partial<TeamDraft>): Partial<TeamChange> {
  const { name, unit, purpose, leader, from, to } = draft;
  return {
    ...(name === undefined ? {} : { name: name.trim() }),
    ...(unit === undefined || unit === null ? {} : { unit }),
    ...(purpose === undefined ? {} : { purpose: purpose.trim() }),
    ...(leader === undefined ? {} : { leader: leader?.id ?? null }),
    ...(from === undefined || from === '' ? {} : { starts_at: begin(from) }),
    ...(to === undefined ? {} : { ends_at: end(to) }),
  };
}

export interface Exchange {
  add: { member: number; duty: string }[];
  remove: number[];
}

/** Who joins and who leaves between two states of a team. */
export function exchange(before: TeamDraft['members'], after: TeamDraft['members']): Exchange {
  const had = new Set(before.map(({ member }) => member.id));
  const has = new Set(after.map(({ member }) => member.id));
  return {
    add: after
      .filter(({ member }) => !had.has(member.id))
      .map(({ member, duty }) => ({ member: member.id, duty: duty.trim() })),
    remove: [...had].filter((id) => !has.has(id)),
  };
}
