/** Before a rule is switched on: how often it would have fired, and what it will do by itself. */
import { type RuleCard, switchRule } from '../../../api/rules';
import { say } from '../../../design/Toast';
import { named, t } from '../../../i18n';
import { Consequence } from '../forms/Consequence';
import { daysOf } from './TrialPart';

interface Props {
  rule: RuleCard;
  onLeave: () => void;
  onDone: (rule: RuleCard) => void;
}

export function SwitchOn({ rule, onLeave, onDone }: Props) {
  const { trial } = rule;
  const tried = trial?.is_of_now ? trial.findings : null;
  return (
    <Consequence
      title={t('rules.switch.what', { name: rule.name })}
      does={t('rules.switch.do')}
      onLeave={onLeave}
      onDo={() =>
        switchRule(rule.id, rule.revision, true).then((saved) => {
          say(t('rules.switched.on', { name: rule.name }));
          onDone(saved);
        })
      }
    >
      <p>
        <strong>
          {trial && tried
            ? t('rules.switch.tried', { days: daysOf(trial), count: tried.count })
            : t('rules.switch.untried')}
        </strong>
      </p>
      <p>{t(`rules.switch.${rule.does}`, { unit: named(rule.unit) })}</p>
    </Consequence>
  );
}
