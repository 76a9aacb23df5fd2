/** The fields of a rule: when, how long, then. What a kind of rule has no use for is not shown. */
import { DEEDS, MEASURES, RULE_KINDS, type RuleKind } from '../../../api/rules';
import { Checkbox, Select, TextArea, TextField } from '../../../design/Field';
import { LEVELS } from '../../../design/levels';
import { t, titled } from '../../../i18n';
import { tidied } from '../../../state/cycle';
import { me } from '../../../state/session';
import { LevelChoice } from '../../LevelChoice';
import { UnitPicker } from '../UnitPicker';
import { ABOUT_UNITS, hasWrongTime, type RuleDraft, ranked } from './draft';

interface Props {
  draft: RuleDraft;
  set: (change: Partial<RuleDraft>) => void;
  errorAt: (field: string) => string | null;
  disabled: boolean;
}

export function RuleFields(props: Props) {
  const { draft, set, errorAt, disabled } = props;
  return (
    <fieldset class="group" disabled={disabled}>
      <legend class="unseen">{t('rules.rule')}</legend>
      <TextField
        name="rule-name"
        label={t('rules.name')}
        hint={t('rules.name.how')}
        maxLength={60}
        value={draft.name}
        onValue={(name) => set({ name })}
        error={errorAt('name')}
      />
      <UnitPicker
        name="rule-unit"
        label={t('rules.unit')}
        value={draft.unit}
        onValue={(unit) => set({ unit })}
        error={errorAt('unit')}
      />
      <What {...props} />
      <HowLong {...props} />
      <Then {...props} />
    </fieldset>
  );
}

function What({ draft, set, errorAt }: Props) {
  const levels = ranked(me.value?.levels ?? []).map((level) => [level.code, titled(level)] as const);
  const isAboutUnits = ABOUT_UNITS.includes(draft.kind);
  const isOfPeople = draft.kind === 'silent' || draft.kind === 'outside';
  return (
    <section class="rule-section">
      <h3 class="section-title">{t('rules.what')}</h3>
      <Select
        name="rule-kind"
        label={t('rules.kind')}
        value={draft.kind}
        onValue={(kind) => set({ kind: kind as RuleKind })}
        options={RULE_KINDS.map((kind) => [kind, t(`rules.kind.${kind}`)] as const)}
        error={errorAt('kind')}
      />
      {draft.kind === 'count' && (
        <div class="triple">
          <Select
            name="rule-measure"
            label={t('rules.measure')}
            value={draft.measure}
            onValue={(measure) => set({ measure: measure as RuleDraft['measure'] })}
            options={MEASURES.map((measure) => [measure, t(`rules.measure.${measure}`)] as const)}
            error={errorAt('measure')}
          />
          <Select
            name="rule-compare"
            label={t('rules.compare')}
            value={draft.is_below ? 'below' : 'above'}
            onValue={(compare) => set({ is_below: compare === 'below' })}
            options={[
              ['below', t('rules.below')],
              ['above', t('rules.above')],
            ]}
          />
          <Bound draft={draft} set={set} errorAt={errorAt} label={t('rules.bound')} />
        </div>
      )}
      {draft.kind === 'crowding' && (
        <Bound draft={draft} set={set} errorAt={errorAt} label={t('rules.bound.more')} />
      )}
      {isAboutUnits && (
        <Select
          name="rule-at"
          label={t('rules.atlevel')}
          value={draft.at_level}
          onValue={(at_level) => set({ at_level })}
          options={levels}
          error={errorAt('at_level')}
        />
      )}
      {isOfPeople && (
        <Checkbox
          name="rule-duty"
          label={t('rules.duty')}
          hint={t('rules.duty.how')}
          value={draft.on_duty_only}
          onValue={(on_duty_only) => set({ on_duty_only })}
        />
      )}
    </section>
  );
}

type BoundProps = Pick<Props, 'draft' | 'set' | 'errorAt'> & { label: string };

function Bound({ draft, set, errorAt, label }: BoundProps) {
  return (
    <TextField
      name="rule-bound"
      label={label}
      type="number"
      min={0}
      value={draft.bound}
      onValue={(bound) => set({ bound })}
      error={errorAt('bound')}
    />
  );
}

const MINUTES = ['hold_min', 'clear_min', 'rest_min'] as const;
const LABELS = { hold_min: 'rules.hold', clear_min: 'rules.clear', rest_min: 'rules.rest' } as const;

function HowLong({ draft, set, errorAt }: Props) {
  const isRed = draft.level === 'red';
  return (
    <section class="rule-section">
      <h3 class="section-title">{t('rules.time')}</h3>
      <div class="triple">
        {MINUTES.map((field) => (
          <TextField
            key={field}
            name={`rule-${field}`}
            label={t(LABELS[field])}
            type="number"
            min={0}
            value={draft[field]}
            onValue={(minutes) => set({ [field]: minutes })}
            error={errorAt(field)}
          />
        ))}
      </div>
      <p class="field-hint">{t('rules.time.how')}</p>
      <div class="pair">
        <Hour name="quiet_from" label={t('rules.quiet.from')} draft={draft} set={set} errorAt={errorAt} />
        <Hour name="quiet_to" label={t('rules.quiet.to')} draft={draft} set={set} errorAt={errorAt} />
      </div>
      <p class="field-hint">{t(isRed ? 'rules.quiet.red' : 'rules.quiet.how')}</p>
      {hasWrongTime(draft) && (
        <span class="field-error" role="alert">
          {t('rules.time.wrong')}
        </span>
      )}
    </section>
  );
}

type HourProps = Pick<Props, 'draft' | 'set' | 'errorAt'> & {
  name: 'quiet_from' | 'quiet_to';
  label: string;
};

/** Typed as four digits with a colon, as in rosters: the browser's own time field follows its language, not ours. */
function Hour({ name, label, draft, set, errorAt }: HourProps) {
  return (
    <div onFocusOut={() => draft[name] !== '' && set({ [name]: tidied(draft[name]) })}>
      <TextField
        name={`rule-${name}`}
        label={label}
        inputMode="numeric"
        maxLength={5}
        placeholder="–"
        value={draft[name]}
        onValue={(text) => set({ [name]: text })}
        error={errorAt(name)}
      />
    </div>
  );
}

function Then({ draft, set, errorAt }: Props) {
  const levels = ranked(me.value?.levels ?? []).map(
    (level) => [level.code, t('rules.together.level', { level: titled(level) })] as const,
  );
  const mayIssue = !LEVELS[draft.level].wantsSecondPerson;
  const deeds = DEEDS.filter((deed) => deed !== 'issue' || mayIssue);
  return (
    <section class="rule-section">
      <h3 class="section-title">{t('rules.then')}</h3>
      <LevelChoice
        name="rule-level"
        value={draft.level}
        onValue={(level) =>
          set({
            level,
            does: draft.does === 'issue' && LEVELS[level].wantsSecondPerson ? 'draft' : draft.does,
          })
        }
      />
      <Select
        name="rule-does"
        label={t('rules.does')}
        hint={t('rules.does.how')}
        value={draft.does}
        onValue={(does) => set({ does: does as RuleDraft['does'] })}
        options={deeds.map((deed) => [deed, t(`rules.does.${deed}`)] as const)}
        error={errorAt('does')}
      />
      <Select
        name="rule-together"
        label={t('rules.together')}
        value={draft.together}
        onValue={(together) => set({ together })}
        options={[['', t('rules.together.each')], ...levels]}
        error={errorAt('together')}
      />
      {draft.does !== 'case' && (
        <TextArea
          name="rule-instruction"
          label={t('rules.instruction')}
          hint={t('rules.instruction.how')}
          rows={2}
          maxLength={500}
          value={draft.instruction}
          onValue={(instruction) => set({ instruction })}
          error={errorAt('instruction')}
        />
      )}
    </section>
  );
}
