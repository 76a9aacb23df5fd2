/** Units, roles, members and terminals as an administrator keeps them. Times are RFC 3339 text. */
import { get, post } from './client';
import type { Member, MemberDetail, Named, Role, UnitDetail, UnitLevel } from './types';

export interface Staffing {
  role: string;
  least: number;
  most: number | null; // null: any number
  have: number;
}

/** What stands on a unit's card; population, households and buildings are the usual ones, the rest is free. */
export type Card = Record<string, string | number>;

export interface UnitCard extends UnitDetail {
  revision: number;
  role_set: string | null; // null: its level's
  role_set_of_level: string | null;
  staffing: Staffing[];
  closed_at: string | null;
}

export interface UnitChange {
  name: string;
  name_en: string | null;
  code: string;
  level: string;
  attributes: Card;
  role_set: string | null;
}

export const getUnitCard = (id: number) => get<UnitCard>(`units/${id}`);
export const addUnit = (unit: UnitChange & { parent: number }) => post<UnitCard>('units', unit);
export const changeUnit = (id: number, revision: number, change: Partial<UnitChange>) =>
  post<UnitCard>(`units/${id}`, { revision, ...change });
export const moveUnit = (id: number, revision: number, parent: number) =>
  post<UnitCard>(`units/${id}/move`, { revision, parent });
export const closeUnit = (id: number, revision: number, membersTo: number | null) =>
  post<UnitCard>(`units/${id}/close`, { revision, members_to: membersTo });

export interface LevelRow extends UnitLevel {
  role_set: string | null;
  hangs_anywhere: boolean; // outside the order of ranks
}

export interface Post {
  role: string;
  least: number;
  most: number | null;
}

export interface RoleSet {
  code: string;
  name_zh: string;
  name_en: string;
  note: string;
  posts: Post[];
  units?: number; // that follow it
}

export interface Gap {
  unit: Named;
  missing: { role: string; least: number; have: number }[];
}

export const getLevels = () => get<{ levels: LevelRow[] }>('levels');
export const getRoles = () => get<{ roles: Role[] }>('roles');
export const addLevel = (level: LevelRow) => post<LevelRow>('levels', level);
export const changeLevel = (code: string, level: Omit<LevelRow, 'code'>) =>
  post<LevelRow>(`levels/${encodeURIComponent(code)}`, level);
export const addRole = (role: Role) => post<Role>('roles', role);
export const changeRole = (code: string, role: Omit<Role, 'code'>) =>
  post<Role>(`roles/${encodeURIComponent(code)}`, role);
export const getRoleSets = () => get<{ role_sets: RoleSet[] }>('role-sets');
export const addRoleSet = (set: RoleSet) => post<RoleSet>('role-sets', set);
export const changeRoleSet = (code: string, set: Omit<RoleSet, 'units'>) =>
  post<RoleSet>(`role-sets/${encodeURIComponent(code)}`, set);
export const deleteRoleSet = (code: string) => post<void>(`role-sets/${encodeURIComponent(code)}/delete`);
export const getGaps = (code: string, unit: number, page: { limit: number; offset: number }) =>
  get<{ units: Gap[]; total: number }>(`role-sets/${encodeURIComponent(code)}/gaps`, { unit, ...page });

export interface Assignment {
  unit: Named;
  role: string;
  is_primary: boolean;
}

export interface MemberRow extends Member {
  assignments: Assignment[];
}

export interface Duty {
  is_on_duty: boolean;
  roster: Named | null;
  shift: string | null;
  until: string | null;
}

export interface MemberCard extends Omit<MemberDetail, 'assignments'> {
  assignments: Assignment[];
  revision: number;
  language: string;
  pinyin: string;
  terminals: { id: number; code: string }[];
  teams: Named[];
  duty: Duty;
}

export interface MemberChange {
  name: string;
  phone: string | null;
  language: string;
  assignments: { unit: number; role: string; is_primary: boolean }[];
}

export interface MemberQuery {
  q?: string;
  unit?: number | null;
  role?: string | null;
  limit: number;
  offset: number;
}

export const findMembers = (query: MemberQuery) =>
  get<{ total: number; is_capped: boolean; members: MemberRow[] }>('members', { ...query });
export const getMemberCard = (id: number) => get<MemberCard>(`members/${id}`);
export const addMember = (member: MemberChange) => post<MemberCard>('members', member);
export const changeMember = (id: number, revision: number, change: Partial<MemberChange>) =>
  post<MemberCard>(`members/${id}`, { revision, ...change });
export const closeMember = (id: number, revision: number) => post<void>(`members/${id}/close`, { revision });
