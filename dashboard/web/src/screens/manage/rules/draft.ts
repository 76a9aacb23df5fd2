/** A rule as its form holds it: numbers as they are typed, quiet hours as text. */
import type { Deed, Measure, Rule, RuleChange, RuleContent, RuleKind } from '../../../api/rules';
import type { LevelColour, UnitLevel } from '../../../api/types';
import { isTime } from '../../../state/cycle';

export interface RuleDraft {
  name: string;
  unit: number | null;
  kind: RuleKind;
  measure: Measure;
  is_below: boolean;
  bound: string;
  at_level: string;
  together: string; // empty: each by itself
  on_duty_only: boolean;
  level: LevelColour;
  does: Deed;
  hold_min: string;
  clear_min: string;
  rest_min: string;
  quiet_from: string;
  quiet_to: string;
  instruction: string;
}

export const ABOUT_UNITS: readonly RuleKind[] = ['grid_empty', 'crowding', 'count'];

export const toDraft = (rule: Pick<Rule, keyof RuleContent | 'unit'>): RuleDraft => ({
  name: rule.name,
  unit: rule.unit.id,
  kind: rule.kind,
  measure: rule.measure ?? 'on_duty',
  is_below: rule.is_below,
  bound: String(rule.bound),
  at_level: rule.at_level ?? '',
  together: rule.together ?? '',
  on_duty_only: rule.on_duty_only,
  level: rule.level,
  does: rule.does,
  hold_min: String(rule.hold_min),
  clear_min: String(rule.clear_min),
  rest_min: String(rule.rest_min),
  quiet_from: rule.quiet_from ?? '',
  quiet_to: rule.quiet_to ?? '',
  instruction: rule.instruction,
});

const whole = (text: string): number => (/^\d{1,9}$/.test(text.trim()) ? Number(text) : -1);

/** What is asked of the server: only what this kind of rule has, so that nothing of another kind stays behind. */
export const toContent = (draft: RuleDraft): RuleContent => ({
  name: draft.name.trim(),
  kind: draft.kind,
  measure: draft.kind === 'count' ? draft.measure : null,
  is_below: draft.kind === 'count' && draft.is_below,
  bound: draft.kind === 'count' || draft.kind === 'crowding' ? whole(draft.bound) : 0,
  at_level: ABOUT_UNITS.includes(draft.kind) ? draft.at_level : null,
  together: draft.together || null,
  on_duty_only: draft.on_duty_only,
  level: draft.level,
  does: draft.does,
  hold_min: whole(draft.hold_min),
  clear_min: whole(draft.clear_min),
  rest_min: whole(draft.rest_min),
  quiet_from: draft.quiet_from || null,
  quiet_to: draft.quiet_to || null,
  instruction: draft.instruction.trim(),
});

/** The fields that the form changed, as the server takes them. */
export function toChange(draft: RuleDraft, before: RuleContent, unitBefore: number): Partial<RuleChange> {
  const after = { ...toContent(draft), unit: draft.unit ?? unitBefore };
  const known: RuleChange = { ...before, unit: unitBefore };
  return Object.fromEntries(
    Object.entries(after).filter(([name, value]) => value !== known[name as keyof RuleChange]),
  );
}

export const isReady = (draft: RuleDraft): boolean =>
  draft.name.trim() !== '' &&
  draft.unit !== null &&
  (!ABOUT_UNITS.includes(draft.kind) || draft.at_level !== '');

export const hasWrongTime = ({ quiet_from, quiet_to }: RuleDraft): boolean =>
  [quiet_from, quiet_to].some((text) => text !== '' && !isTime(text)) ||
  (quiet_from === '') !== (quiet_to === '');

/** Levels that units are grouped by, the top first. */
export const ranked = (levels: readonly UnitLevel[]): readonly UnitLevel[] =>
  [...levels].filter(({ code }) => code !== 'department').sort((a, b) => a.rank - b.rank);

export function blank(unit: number | null, levels: readonly UnitLevel[]): RuleDraft {
  const known = ranked(levels);
  return {
    name: '',
    unit,
    kind: 'grid_empty',
    measure: 'on_duty',
    is_below: true,
    bound: '1',
    at_level: known.at(-1)?.code ?? '',
    together: (known.find(({ code }) => code === 'grid-1') ?? known.at(-2))?.code ?? '',
    on_duty_only: true,
    level: 'yellow',
    does: 'draft',
    hold_min: '15',
    clear_min: '5',
    rest_min: '30',
    quiet_from: '',
    quiet_to: '',
    instruction: '',
  };
}
