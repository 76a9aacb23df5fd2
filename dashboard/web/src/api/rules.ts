/** Automatic rules, their trials and their cases. */
import { get, post } from './client';
import type { AlertState, LevelColour, Named } from './types';

export const RULE_KINDS = ['sos', 'grid_empty', 'silent', 'outside', 'crowding', 'count'] as const;
export type RuleKind = (typeof RULE_KINDS)[number];
export const MEASURES = ['on_duty', 'online', 'silent', 'outside', 'present'] as const;
export type Measure = (typeof MEASURES)[number];
export const DEEDS = ['case', 'draft', 'issue'] as const;
export type Deed = (typeof DEEDS)[number];

/** What a rule says. Minutes are whole; quiet hours are HH:MM, local, or both null. */
export interface RuleContent {
  name: string;
  kind: RuleKind;
  measure: Measure | null;
  is_below: boolean;
  bound: number;
  at_level: string | null;
  together: string | null;
  on_duty_only: boolean;
  level: LevelColour;
  does: Deed;
  hold_min: number;
  clear_min: number;
  rest_min: number;
  quiet_from: string | null;
  quiet_to: string | null;
  instruction: string;
}

export interface Episode {
  unit: Named;
  member: Named | null;
  opened_at: string;
  ended_at: string | null; // null: it would be open still
  subjects: number;
}

export interface Findings {
  count: number;
  standing: number; // open already when the time began; not in count
  subjects: number;
  by_day: Record<string, number>; // local days with at least one
  sample: Episode[];
  took_ms: number;
}

export interface Trial {
  is_of_now: boolean; // of the rule as it is now
  since: string;
  until: string;
  asked_at: string;
  pieces: number;
  done: number;
  finished_at: string | null;
  findings: Findings | null;
}

export interface Rule extends RuleContent {
  id: number;
  unit: Named;
  revision: number;
  is_on: boolean;
  switched_at: string | null;
  ran_at: string | null;
  last_fired_at: string | null;
  open_cases: number;
  trial: Trial | null;
}

export interface RuleVersion {
  revision: number;
  content: RuleContent & { unit: Named | null };
  made_by: Named;
  made_at: string;
}

export interface RuleCard extends Rule {
  versions: RuleVersion[];
}

export type RuleChange = RuleContent & { unit: number };

export const getRules = () => get<{ rules: Rule[] }>('rules');
export const getRule = (id: number) => get<RuleCard>(`rules/${id}`);
export const addRule = (rule: RuleChange) => post<RuleCard>('rules', rule);
export const changeRule = (id: number, revision: number, change: Partial<RuleChange>) =>
  post<RuleCard>(`rules/${id}`, { revision, ...change });
export const switchRule = (id: number, revision: number, isOn: boolean) =>
  post<RuleCard>(`rules/${id}/switch`, { revision, is_on: isOn });
export const deleteRule = (id: number, revision: number) => post<void>(`rules/${id}/delete`, { revision });
export const tryRule = (id: number, days: number) => post<RuleCard>(`rules/${id}/trial`, { days });

export interface RuleCase {
  id: number;
  rule: Named;
  kind: RuleKind;
  measure: Measure | null;
  is_below: boolean;
  bound: number;
  level: LevelColour;
  unit: Named;
  member: (Named & { phone: string | null }) | null;
  opened_at: string;
  seen_at: string;
  count: number;
  taken_at: string | null;
  taken_by: Named | null;
  ended_at: string | null;
  ended_by: Named | null; // null: it was over by itself
  alert: { id: string; state: AlertState } | null;
  trouble: string;
}

export interface CaseSubject {
  unit: Named;
  member: Named | null;
  since: string;
}

export interface CaseCard extends RuleCase {
  subjects: CaseSubject[];
}

export const getCases = () => get<{ cases: RuleCase[] }>('cases');
export const getCase = (id: number) => get<CaseCard>(`cases/${id}`);
export const takeCase = (id: number) => post<CaseCard>(`cases/${id}/take`);
export const closeCase = (id: number) => post<CaseCard>(`cases/${id}/close`);
