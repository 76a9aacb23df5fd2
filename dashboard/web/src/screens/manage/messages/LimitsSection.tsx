/** What holds for every circular: signature, price, quiet hours, daily cap, confirmation, test mode. */
import { changeLimits, getLimits, type Limits } from '../../../api/messages';
import { Button } from '../../../design/Button';
import { Failure, Skeleton } from '../../../design/Feedback';
import { Checkbox, Select, TextArea, TextField } from '../../../design/Field';
import { FormError } from '../../../design/FormError';
import { Page } from '../../../design/Page';
import { say } from '../../../design/Toast';
import { t } from '../../../i18n';
import { useFetched } from '../../../state/async';
import { useEditing } from '../../../state/editing';
import { isTopAdministrator } from '../../../state/session';
import { Conflict } from '../forms/Conflict';
import { numbersIn } from './draft';

interface Draft {
  signature_zh: string;
  signature_en: string;
  price: string;
  quiet_from: string;
  quiet_to: string;
  daily_cap: string;
  confirm_above: string;
  confirm_by: 'number' | 'person';
  is_test: boolean;
  test_numbers: string;
}

const toDraft = (limits: Limits): Draft => ({
  signature_zh: limits.signature_zh,
  signature_en: limits.signature_en,
  price: limits.price,
  quiet_from: limits.quiet_from ?? '',
  quiet_to: limits.quiet_to ?? '',
  daily_cap: limits.daily_cap === null ? '' : String(limits.daily_cap),
  confirm_above: String(limits.confirm_above),
  confirm_by: limits.confirm_by,
  is_test: limits.is_test,
  test_numbers: limits.test_numbers.join('\n'),
});

const whole = (text: string): number => (/^\d{1,9}$/.test(text.trim()) ? Number(text) : -1);

function toChange(change: Partial<Draft>): Partial<Limits> {
  const { quiet_from, quiet_to, daily_cap, confirm_above, test_numbers, ...plain } = change;
  return {
    ...plain,
    ...(quiet_from !== undefined && { quiet_from: quiet_from || null }),
    ...(quiet_to !== undefined && { quiet_to: quiet_to || null }),
    ...(daily_cap !== undefined && { daily_cap: daily_cap.trim() === '' ? null : whole(daily_cap) }),
    ...(confirm_above !== undefined && { confirm_above: whole(confirm_above) }),
    ...(test_numbers !== undefined && { test_numbers: numbersIn(test_numbers) }),
  };
}

export function LimitsSection() {
  const { value, error, reload } = useFetched('message limits', getLimits);
  if (value) return <LimitsForm key={value.revision} limits={value} onSaved={reload} />;
  return (
    <Page title={t('section.sms-limits')}>
      {error ? (
        <Failure what={t('section.sms-limits')} error={error} onRetry={reload} />
      ) : (
        <Skeleton label={t('section.sms-limits')} />
      )}
    </Page>
  );
}

function LimitsForm({ limits, onSaved }: { limits: Limits; onSaved: () => void }) {
  const editing = useEditing<Limits, Draft>({
    thing: limits,
    toDraft,
    send: (_draft, change, revision) => changeLimits(revision, toChange(change)),
    reload: getLimits,
    onSaved: () => {
      say(t('sms.limits.saved'));
      onSaved();
    },
  });
  const { draft, set, errorAt, isBusy, isDirty } = editing;
  const mayChange = isTopAdministrator();
  const field = (
    name: Exclude<keyof Draft, 'is_test' | 'confirm_by' | 'test_numbers'>,
    more: object = {},
  ) => (
    <TextField
      name={`limits-${name}`}
      label={t(`sms.limits.${name}`)}
      value={draft[name]}
      disabled={!mayChange}
      error={errorAt(name)}
      onValue={(value) => set({ [name]: value })}
      {...more}
    />
  );
  return (
    <Page title={t('section.sms-limits')} note={t(mayChange ? 'section.sms-limits.note' : 'sms.limits.read')}>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling region must be reachable by keyboard */}
      <div class="limits" tabIndex={0} role="group" aria-label={t('section.sms-limits')}>
        <form
          class="limits-form"
          onSubmit={(event) => {
            event.preventDefault();
            editing.save();
          }}
        >
          <Conflict<Draft> editing={editing} labels={labels()} />
          <fieldset class="group">
            <legend class="section-title">{t('sms.limits.text')}</legend>
            <div class="pair">
              {field('signature_zh', { hint: `【${draft.signature_zh}】…` })}
              {field('signature_en', { hint: `(${draft.signature_en}) …` })}
            </div>
            {field('price', { hint: t('sms.limits.price.how', { currency: limits.currency }) })}
          </fieldset>
          <fieldset class="group">
            <legend class="section-title">{t('sms.limits.people')}</legend>
            <div class="pair">
              {field('quiet_from', { type: 'time' })}
              {field('quiet_to', { type: 'time' })}
            </div>
            <p class="field-hint">{t('sms.limits.quiet.how')}</p>
            {field('daily_cap', { inputMode: 'numeric', hint: t('sms.limits.daily_cap.how') })}
          </fieldset>
          <fieldset class="group">
            <legend class="section-title">{t('sms.limits.confirm')}</legend>
            <div class="pair">
              {field('confirm_above', { inputMode: 'numeric' })}
              <Select
                name="limits-confirm_by"
                label={t('sms.limits.confirm_by')}
                value={draft.confirm_by}
                disabled={!mayChange}
                onValue={(by) => set({ confirm_by: by as Draft['confirm_by'] })}
                options={[
                  ['number', t('sms.limits.by.number')],
                  ['person', t('sms.limits.by.person')],
                ]}
              />
            </div>
          </fieldset>
          <fieldset class="group">
            <legend class="section-title">{t('sms.limits.test')}</legend>
            <Checkbox
              name="limits-is_test"
              label={t('sms.limits.is_test')}
              hint={t('sms.limits.is_test.how')}
              value={draft.is_test}
              disabled={!mayChange}
              onValue={(is_test) => set({ is_test })}
            />
            {mayChange && (
              <TextArea
                name="limits-test_numbers"
                label={t('sms.limits.test_numbers')}
                hint={t('sms.to.numbers.how')}
                value={draft.test_numbers}
                error={errorAt('test_numbers')}
                onValue={(test_numbers) => set({ test_numbers })}
              />
            )}
          </fieldset>
          <FormError error={editing.error} />
          {mayChange && (
            <Button type="submit" look="main" disabled={isBusy || !isDirty} testId="save-limits">
              {t(isBusy ? 'save.busy' : 'save')}
            </Button>
          )}
        </form>
      </div>
    </Page>
  );
}

const labels = (): Record<keyof Draft, string> => ({
  signature_zh: t('sms.limits.signature_zh'),
  signature_en: t('sms.limits.signature_en'),
  price: t('sms.limits.price'),
  quiet_from: t('sms.limits.quiet_from'),
  quiet_to: t('sms.limits.quiet_to'),
  daily_cap: t('sms.limits.daily_cap'),
  confirm_above: t('sms.limits.confirm_above'),
  confirm_by: t('sms.limits.confirm_by'),
  is_test: t('sms.limits.is_test'),
  test_numbers: t('sms.limits.test_numbers'),
});
