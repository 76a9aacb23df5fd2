/** Work teams, rosters, who is on duty, and whom to call. */
import { get, post } from './client';
import type { Named } from './types';

export interface TeamMember {
  member: Named;
  duty: string;
  since?: string;
}

export interface Team {
  id: number;
  code: string;
  name: string;
  unit: Named;
  purpose: string;
  leader: Named | null;
  starts_at: string;
  ends_at: string | null;
  size?: number; // in the list
  revision: number;
  closed_at: string | null;
}

export interface TeamCard extends Team {
  members: TeamMember[];
}

export interface TeamChange {
  name: string;
  unit: number;
  purpose: string;
  leader: number | null;
  starts_at: string | null;
  ends_at: string | null;
}

type NewTeamMember = { member: number; duty: string };

interface Page {
  limit: number;
  offset: number;
}

export const getTeams = (query: { q?: string; unit?: number | null; closed?: 1 | null } & Page) =>
  get<{ teams: Team[]; total: number }>('teams', { ...query });
export const getTeam = (id: number) => get<TeamCard>(`teams/${id}`);
export const addTeam = (team: TeamChange & { members: NewTeamMember[] }) => post<TeamCard>('teams', team);
export const changeTeam = (id: number, revision: number, change: Partial<TeamChange>) =>
  post<TeamCard>(`teams/${id}`, { revision, ...change });
export const changeTeamMembers = (id: number, add: NewTeamMember[], remove: number[]) =>
  post<TeamCard>(`teams/${id}/members`, { add, remove });
export const closeTeam = (id: number, revision: number) => post<void>(`teams/${id}/close`, { revision });

export interface Shift {
  number: number;
  name: string;
  day: number; // of the cycle
  starts: string; // HH:MM, local
  ends: string; // not later than `starts`: on the next day
}

export interface RosterMember {
  member: Named;
  offset_days: number;
  since: string;
  until: string | null;
}

export interface Roster {
  id: number;
  unit: Named;
  name: string;
  timezone: string;
  anchor: string; // the date of day 0
  cycle_days: number;
  size?: number; // people, in the list
  revision: number;
}

export interface RosterCard extends Roster {
  shifts: Shift[];
  members: RosterMember[];
}

export interface RosterChange {
  unit: number;
  name: string;
  timezone: string;
  anchor: string;
  cycle_days: number;
  shifts: Shift[];
  members: { member: number; offset_days: number; since: string; until: string | null }[];
}

export interface CalendarDay {
  date: string;
  shifts: { name: string; starts_at: string; ends_at: string; members: Named[] }[];
}

export interface OnDuty {
  member: Named;
  unit: Named | null;
  roster: Named | null;
  shift: string | null;
  until: string | null;
  is_online: boolean;
}

export const getRosters = (query: { unit: number | null } & Page) =>
  get<{ rosters: Roster[]; total: number }>('rosters', { ...query });
export const getRoster = (id: number) => get<RosterCard>(`rosters/${id}`);
export const addRoster = (roster: RosterChange) => post<RosterCard>('rosters', roster);
export const changeRoster = (id: number, revision: number, change: Partial<RosterChange>) =>
  post<RosterCard>(`rosters/${id}`, { revision, ...change });
export const closeRoster = (id: number, revision: number) => post<void>(`rosters/${id}/close`, { revision });
export const getCalendar = (id: number, from: string, days: number) =>
  get<{ days: CalendarDay[] }>(`rosters/${id}/calendar`, { from, days });
export const getOnDuty = (query: { unit: number } & Page) =>
  get<{ at: string; on_duty: OnDuty[]; total: number }>('duty', { ...query });
export interface DutyException {
  member: Named;
  unit: Named;
  starts_at: string;
  ends_at: string;
  is_on: boolean; // an exchange or overtime; else leave
  note: string;
}

/** Those that are not over. */
export const getExceptions = (query: { unit: number | null } & Page) =>
  get<{ exceptions: DutyException[]; total: number }>('duty/exceptions', { ...query });
export const addException = (exception: {
  member: number;
  starts_at: string;
  ends_at: string;
  is_on: boolean;
  note: string;
}) => post<void>('duty/exceptions', exception);
export const deleteException = (member: number, startsAt: string) =>
  post<void>('duty/exceptions/delete', { member, starts_at: startsAt });

export const CONTACT_KINDS = ['institution', 'person'] as const;
export type ContactKind = (typeof CONTACT_KINDS)[number];

export interface ContactChange {
  unit: number;
  kind: ContactKind;
  name: string;
  title: string;
  organisation: string;
  phones: string[];
  address: string;
  note: string;
  lon: number | null;
  lat: number | null;
}

export interface Contact extends Omit<ContactChange, 'unit'> {
  id: number;
  unit: Named;
  revision: number;
}

export const getContacts = (query: { q?: string; unit?: number | null; kind?: ContactKind | null } & Page) =>
  get<{ contacts: Contact[]; total: number }>('contacts', { ...query });
export const addContact = (contact: ContactChange) => post<Contact>('contacts', contact);
export const changeContact = (id: number, revision: number, change: Partial<ContactChange>) =>
  post<Contact>(`contacts/${id}`, { revision, ...change });
export const closeContact = (id: number, revision: number) =>
  post<void>(`contacts/${id}/close`, { revision });
