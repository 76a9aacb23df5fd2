/** A roster as its form holds it: lines over days instead of single shifts. */
import type { RosterCard, RosterChange } from '../../../api/duty';
import type { Named } from '../../../api/types';
import { type Line, linesOf, shiftsOf } from '../../../state/cycle';

export interface Follower {
  member: Named;
  offset_days: number;
  since: string;
  until: string | null;
}

export interface RosterDraft {
  name: string;
  unit: number | null;
  timezone: string;
  anchor: string;
  cycle_days: number;
  lines: Line[];
  members: Follower[];
}

export const toDraft = (roster: RosterCard): RosterDraft => ({
  name: roster.name,
  unit: roster.unit.id,
  timezone: roster.timezone,
  anchor: roster.anchor,
  cycle_days: roster.cycle_days,
  lines: linesOf(roster.shifts, roster.cycle_days),
  members: roster.members.map(({ member, ...rest }) => ({
    member: { id: member.id, name: member.name },
    offset_days: rest.offset_days,
    since: rest.since,
    until: rest.until,
  })),
});

export const toWhole = (draft: RosterDraft): RosterChange => ({
  name: draft.name.trim(),
  unit: draft.unit!,
  timezone: draft.timezone,
  anchor: draft.anchor,
  cycle_days: draft.cycle_days,
  shifts: shiftsOf(draft.lines, draft.cycle_days),
  members: draft.members.map(({ member, ...rest }) => ({ ...rest, member: member.id })),
});

/** The days and the shifts go together: a shift lies in a cycle. */
export function toChange(whole: RosterDraft, changed: Partial<RosterDraft>): Partial<RosterChange> {
  const { shifts, members, ...fields } = toWhole(whole);
  const isPattern = changed.lines !== undefined || changed.cycle_days !== undefined;
  const simple = Object.fromEntries(
    Object.entries(fields).filter(([name]) => name in changed),
  ) as Partial<RosterChange>;
  return {
    ...simple,
    ...(isPattern ? { shifts, cycle_days: whole.cycle_days } : {}),
    ...(changed.members === undefined ? {} : { members }),
  };
}
