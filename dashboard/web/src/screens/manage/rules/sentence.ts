/** What a rule says, in a sentence that can be read out. */
import type { Measure, RuleCase, RuleKind } from '../../../api/rules';
import { t } from '../../../i18n';
import { levelName } from '../../../state/session';
import { shortName, unitsById } from '../../../state/units';
import type { RuleDraft } from './draft';

interface Condition {
  kind: RuleKind;
  measure: Measure | null;
  is_below: boolean;
  bound: number | string;
}

const comparison = ({ measure, is_below, bound }: Condition) => ({
  compare: t(is_below ? 'rules.say.below' : 'rules.say.above'),
  bound,
  measure: t(`rules.measure.${measure ?? 'on_duty'}`),
});

/** What a case is about, in some words. */
export function whatOf(found: Pick<RuleCase, 'kind' | 'measure' | 'is_below' | 'bound'>): string {
  if (found.kind === 'count') return t('cases.what.count', comparison(found));
  return t(`cases.what.${found.kind}`, { bound: found.bound });
}

/** Inside a sentence. */
const levelWord = (code: string): string => levelName(code).toLowerCase();

export function sentencesOf(draft: RuleDraft): readonly string[] {
  const unit = unitsById.value.get(draft.unit ?? 0);
  const level = t(`level.short.${draft.level}`).toLowerCase();
  const kind = draft.does === 'case' ? 'case' : 'warn';
  const together = draft.together
    ? t(`rules.say.level.${kind}`, { level: levelWord(draft.together) })
    : t(`rules.say.each.${kind}`);
  const minutes = Number(draft.hold_min);
  const said = t('rules.say', {
    what: t(`rules.say.${draft.kind}`, {
      unit: unit ? shortName(unit) : '…',
      level: levelWord(draft.at_level),
      ...comparison(draft),
    }),
    hold: minutes > 0 ? t('rules.say.hold', { count: minutes }) : '',
    does: t(`rules.say.${draft.does}`, { level }),
    together,
  });
  const after = [t('rules.say.clear', { clear: draft.clear_min || '0', rest: draft.rest_min || '0' })];
  if (draft.quiet_from && draft.quiet_to)
    after.push(
      draft.level === 'red'
        ? t('rules.quiet.red')
        : t('rules.say.quiet', { from: draft.quiet_from, to: draft.quiet_to }),
    );
  return [said, after.join(' ')];
}
