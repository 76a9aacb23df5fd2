/** Before anything is sent: to how many, in how many parts, for how much, when, and who is left out and why. */
import { LEFT_OUT, type Plan, type Recipient } from '../../../api/messages';
import { Badge } from '../../../design/Badge';
import { named, number, t, time } from '../../../i18n';
import { nowMs } from '../../../state/clock';
import { Bubble, money, phoneOf } from './words';

const FEW = 5; // of the recipients, beside a form and not below it

export function PlanView({ plan }: { plan: Plan }) {
  const soon = Date.parse(plan.leaves_at) <= nowMs.value + 1_000;
  return (
    <div class="plan" data-testid="plan">
      <div class="plan-figures">
        <Figure name={t('sms.plan.people')} value={number(plan.recipients)} testId="plan-people" isMain />
        <Figure name={t('sms.plan.parts')} value={number(plan.parts)} testId="plan-parts" />
        <Figure name={t('sms.plan.cost')} value={money(plan.cost, plan.currency)} testId="plan-cost" />
      </div>
      <p class="line-wrap">
        <span class="num">
          {soon ? t('sms.plan.now') : t('sms.plan.at', { at: time(plan.leaves_at, nowMs.value) })}
        </span>
        {plan.waits_for_quiet && <Badge tone="warn">{t('sms.plan.quiet')}</Badge>}
        {plan.is_test && <Badge tone="warn">{t('sms.plan.test')}</Badge>}
      </p>
      {plan.sample_zh && <Bubble text={plan.sample_zh} parts={plan.parts_zh} label={t('sms.text_zh')} />}
      {plan.sample_en && <Bubble text={plan.sample_en} parts={plan.parts_en} label={t('sms.text_en')} />}
      <PeopleList plan={plan} />
      <LeftOutList plan={plan} />
    </div>
  );
}

interface FigureProps {
  name: string;
  value: string;
  testId: string;
  isMain?: boolean;
}

const Figure = ({ name, value, testId, isMain }: FigureProps) => (
  <div class={isMain ? 'plan-figure plan-main' : 'plan-figure'}>
    <span class="plan-value num" data-testid={testId}>
      {value}
    </span>
    <span class="second">{name}</span>
  </div>
);

/** The first few at once, the rest of those the server named when they are asked for, and how many it did not name. */
function PeopleList({ plan }: { plan: Plan }) {
  const { people, recipients } = plan;
  if (people.length === 0) return null;
  const rest = people.slice(FEW);
  const unnamed = recipients - people.length;
  return (
    <section class="left-out" aria-label={t('sms.plan.whom')} data-testid="plan-whom">
      <h3 class="section-title">{t('sms.plan.whom')}</h3>
      <Names people={people.slice(0, FEW)} />
      {rest.length > 0 && (
        <details>
          <summary>
            <span>{t('sms.plan.others', { count: rest.length })}</span>
          </summary>
          <Names people={rest} />
        </details>
      )}
      {unnamed > 0 && <p class="second">{t('sms.group.andmore', { count: unnamed })}</p>}
    </section>
  );
}

const Names = ({ people }: { people: readonly Recipient[] }) => (
  <ul class="plan-names">
    {people.map((each) => (
      <li key={each.place} class="line">
        <span class="grow clip">{nameOf(each)}</span>
        {each.unit && <span class="second clip">{named(each.unit)}</span>}
      </li>
    ))}
  </ul>
);

function LeftOutList({ plan }: { plan: Plan }) {
  const reasons = LEFT_OUT.filter((reason) => (plan.left_out[reason] ?? 0) > 0);
  if (reasons.length === 0 && plan.repeated === 0) return null;
  return (
    <section class="left-out" aria-label={t('sms.leftout')} data-testid="left-out">
      <h3 class="section-title">{t('sms.leftout')}</h3>
      {reasons.map((reason) => (
        <details key={reason}>
          <summary>
            <span>{t(`sms.leftout.${reason}`)}</span>
            <strong class="num">{number(plan.left_out[reason] ?? 0)}</strong>
          </summary>
          <p class="second">
            {plan.left_out_people
              .filter((each) => each.left_out === reason)
              .map(nameOf)
              .filter(Boolean)
              .join(t('list.comma'))}
          </p>
        </details>
      ))}
      {plan.repeated > 0 && <p class="second">{t('sms.repeated', { count: plan.repeated })}</p>}
    </section>
  );
}

export const nameOf = ({ member, number: phone }: Recipient): string =>
  [member?.name, phone && phoneOf(phone)].filter(Boolean).join(' ');
