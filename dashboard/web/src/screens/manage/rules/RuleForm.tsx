/** The form of a rule, with what it says in words, what it would have done, and its switch. */
import { useState } from 'preact/hooks';
import { addRule, changeRule, deleteRule, getRule, type RuleCard, switchRule } from '../../../api/rules';
import { Button } from '../../../design/Button';
import { Drawer } from '../../../design/Drawer';
import { FormError } from '../../../design/FormError';
import { say, sayFailed } from '../../../design/Toast';
import { t, time } from '../../../i18n';
import { nowMs } from '../../../state/clock';
import { useEditing } from '../../../state/editing';
import { can, me } from '../../../state/session';
import { Conflict } from '../forms/Conflict';
import { Consequence } from '../forms/Consequence';
import { unitFilter } from '../forms/UnitFilter';
import { unitPath } from '../UnitPicker';
import { blank, hasWrongTime, isReady, type RuleDraft, toChange, toContent, toDraft } from './draft';
import { RuleFields } from './RuleFields';
import { SwitchOn } from './SwitchOn';
import { sentencesOf } from './sentence';
import { TrialPart } from './TrialPart';

interface Props {
  rule: RuleCard | null;
  onChanged: (rule: RuleCard) => void;
  onGone: () => void;
  onClose: () => void;
}

const send = (rule: RuleCard | null, draft: RuleDraft, revision: number): Promise<RuleCard> =>
  rule
    ? changeRule(rule.id, revision, toChange(draft, rule, rule.unit.id))
    : addRule({ ...toContent(draft), unit: draft.unit ?? 0 });

export function RuleForm({ rule, onChanged, onGone, onClose }: Props) {
  const [step, setStep] = useState<'switch' | 'delete' | null>(null);
  const editing = useEditing<RuleCard, RuleDraft>({
    thing: rule,
    toDraft,
    blank: blank(unitFilter.value ?? me.value?.unit.id ?? null, me.value?.levels ?? []),
    send: (draft, _change, revision) => send(rule, draft, revision),
    reload: rule ? () => getRule(rule.id) : undefined,
    onSaved: (saved) => {
      say(t('rules.saved.off'));
      onChanged(saved);
    },
  });
  const { draft, set, isBusy, isDirty } = editing;
  const title = rule?.name ?? t('rules.add');
  const mayChange = can('administrator');
  const wrongTime = hasWrongTime(draft);
  const switchOff = () =>
    rule &&
    switchRule(rule.id, rule.revision, false).then(
      (saved) => {
        say(t('rules.switched.off', { name: rule.name }));
        onChanged(saved);
      },
      (error) => sayFailed(t('rules.switch.off'), error),
    );
  return (
    <Drawer
      title={title}
      label={title}
      onClose={onClose}
      onSubmit={editing.save}
      isDirty={isDirty}
      foot={
        mayChange && (
          <>
            <Button
              type="submit"
              look="main"
              disabled={isBusy || (rule !== null && !isDirty) || !isReady(draft) || wrongTime}
              testId="save-rule"
            >
              {t(isBusy ? 'save.busy' : rule ? 'save' : 'rules.add')}
            </Button>
            {rule && !rule.is_on && (
              <Button disabled={isDirty} onClick={() => setStep('switch')} testId="switch-on">
                {t('rules.switch.on')}
              </Button>
            )}
            {rule?.is_on && (
              <Button onClick={() => void switchOff()} testId="switch-off">
                {t('rules.switch.off')}
              </Button>
            )}
            {rule && (
              <Button look="plain" onClick={() => setStep('delete')}>
                {t('rules.delete')}
              </Button>
            )}
          </>
        )
      }
    >
      {rule && step === 'switch' && (
        <SwitchOn
          rule={rule}
          onLeave={() => setStep(null)}
          onDone={(saved) => {
            setStep(null);
            onChanged(saved);
          }}
        />
      )}
      {rule && step === 'delete' && (
        <Consequence
          title={t('rules.delete.what', { name: rule.name })}
          does={t('rules.delete.do')}
          onLeave={() => setStep(null)}
          onDo={() =>
            deleteRule(rule.id, rule.revision).then(() => {
              say(t('rules.deleted', { name: rule.name }));
              onGone();
            })
          }
        >
          <p>{t('rules.delete.how')}</p>
        </Consequence>
      )}
      <Conflict editing={editing} labels={labels()} show={shown} />
      <section class="rule-sentence" aria-label={t('rules.says')} aria-live="polite" data-testid="sentence">
        {sentencesOf(draft).map((sentence) => (
          <p key={sentence}>{sentence}</p>
        ))}
      </section>
      <RuleFields draft={draft} set={set} errorAt={editing.errorAt} disabled={!mayChange} />
      <FormError error={editing.error} />
      {rule && <TrialPart rule={rule} isDirty={isDirty} onAsked={onChanged} />}
      {rule && <Versions rule={rule} />}
    </Drawer>
  );
}

function Versions({ rule }: { rule: RuleCard }) {
  return (
    <details class="rule-section">
      <summary class="section-title">{t('rules.versions')}</summary>
      <ul class="rule-episodes">
        {rule.versions.map(({ revision, content, made_by, made_at }) => (
          <li key={revision} class="entry-plain">
            <span>
              <strong>
                {t('rules.version', { revision, who: made_by.name, at: time(made_at, nowMs.value) })}
              </strong>
              <br />
              <span class="second">
                {sentencesOf(toDraft({ ...content, unit: content.unit ?? { id: 0, name: '' } })).join(' ')}
              </span>
            </span>
          </li>
        ))}
      </ul>
    </details>
  );
}

const labels = (): Record<keyof RuleDraft, string> => ({
  name: t('rules.name'),
  unit: t('rules.unit'),
  kind: t('rules.kind'),
  measure: t('rules.measure'),
  is_below: t('rules.compare'),
  bound: t('rules.bound'),
  at_level: t('rules.atlevel'),
  together: t('rules.together'),
  on_duty_only: t('rules.duty'),
  level: t('level'),
  does: t('rules.does'),
  hold_min: t('rules.hold'),
  clear_min: t('rules.clear'),
  rest_min: t('rules.rest'),
  quiet_from: t('rules.quiet.from'),
  quiet_to: t('rules.quiet.to'),
  instruction: t('rules.instruction'),
});

function shown(field: keyof RuleDraft, value: unknown): string {
  if (field === 'unit') return unitPath(Number(value));
  if (field === 'kind') return t(`rules.kind.${value as RuleDraft['kind']}`);
  if (field === 'does') return t(`rules.does.${value as RuleDraft['does']}`);
  if (field === 'level') return t(`level.short.${value as RuleDraft['level']}`);
  return String(value || '–');
}
