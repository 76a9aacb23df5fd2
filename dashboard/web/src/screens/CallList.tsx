/** Whom to call by telephone: nothing reached them, or they have not answered in time; the highest units first. */
import { Download, PhoneCall, PhoneOutgoing } from 'lucide';
import { useState } from 'preact/hooks';
import { acknowledgeFor } from '../api/client';
import { type Call, type CallFilter, type Calls, callsFile, getCalls, WHYS, type Why } from '../api/reach';
import type { AlertDetail } from '../api/types';
import { Badge, type Tone } from '../design/Badge';
import { Button } from '../design/Button';
import { Empty, Failure, Skeleton } from '../design/Feedback';
import { Select } from '../design/Field';
import { Icon } from '../design/Icon';
import { Pager } from '../design/Pager';
import { sayFailed } from '../design/Toast';
import { ago, language, named, number, span, t, tWord } from '../i18n';
import { useFetched } from '../state/async';
import { nowMs } from '../state/clock';
import { openMember } from '../state/place';
import { levelName, me } from '../state/session';
import { chosenUnit, units } from '../state/units';
import { Delivery } from './Audience';

const PAGE = 50;
const REFRESH_MS = 5_000;
const TONES: Readonly<Record<Why, Tone>> = { failed: 'bad', unknown: 'warn', overdue: 'warn' };
const ALL: Omit<CallFilter, 'unit'> = { why: '', level: '', channel: '', state: '' };
const CHANNELS = ['sms', 'outbox', 'terminal', 'push', 'none'];
const STATES = ['queued', 'sending', 'sent', 'delivered', 'failed', 'expired', 'unknown'];

export function CallList({ alert, onChanged }: { alert: AlertDetail; onChanged: () => void }) {
  const [chosen, setChosen] = useState(ALL);
  const [offset, setOffset] = useState(0);
  const unit = chosenUnit.value;
  const filter: CallFilter = { ...chosen, unit: unit && unit.id !== me.value?.unit.id ? unit.id : null };
  const key = `calls ${alert.id} ${JSON.stringify(filter)} ${offset}`;
  const { value, error, reload } = useFetched(
    key,
    () => getCalls(alert.id, filter, PAGE, offset),
    REFRESH_MS,
  );
  const confirmed = () => {
    reload();
    onChanged();
  };
  const narrow = (part: Partial<typeof ALL>) => {
    setChosen({ ...chosen, ...part });
    setOffset(0);
  };
  return (
    <div class="call-list" data-testid="call-list">
      <Filters alert={alert} chosen={chosen} counts={value?.counts ?? {}} onChange={narrow} />
      {!value && error ? <Failure what={t('calls')} error={error} onRetry={reload} /> : null}
      {!value && !error && <Skeleton label={t('calls')} />}
      {value && <Rows alert={alert} found={value} onConfirmed={confirmed} />}
      <div class="panel-foot call-foot">
        <a
          class="button button-normal"
          href={callsFile(alert.id, filter, language.value)}
          download
          data-testid="calls-csv"
        >
          <Icon node={Download} /> {t('calls.export')}
        </a>
        <span class="grow" />
        {value && <Pager total={value.total} limit={PAGE} offset={offset} onOffset={setOffset} />}
      </div>
    </div>
  );
}

interface FilterProps {
  alert: AlertDetail;
  chosen: typeof ALL;
  counts: Calls['counts'];
  onChange: (part: Partial<typeof ALL>) => void;
}

function Filters({ chosen, counts, onChange }: FilterProps) {
  const present = new Set((units.value ?? []).map(({ level }) => level));
  const levels = (me.value?.levels ?? []).filter(({ code }) => present.has(code));
  const unit = chosenUnit.value;
  return (
    <div class="call-filters">
      <div class="chips" role="group" aria-label={t('calls.why')}>
        {WHYS.map((why) => (
          <button
            key={why}
            type="button"
            class="chip chip-choice num"
            aria-pressed={chosen.why === why}
            onClick={() => onChange({ why: chosen.why === why ? '' : why })}
            data-testid={`calls-${why}`}
          >
            {t(`calls.${why}`)} {number(counts[why] ?? 0)}
          </button>
        ))}
      </div>
      <div class="call-selects">
        <Select
          bare
          name="calls-level"
          label={t('calls.level')}
          value={chosen.level}
          onValue={(level) => onChange({ level })}
          options={[['', t('calls.level')], ...levels.map(({ code }) => [code, levelName(code)] as const)]}
        />
        <Select
          bare
          name="calls-channel"
          label={t('calls.channel')}
          value={chosen.channel}
          onValue={(channel) => onChange({ channel })}
          options={[
            ['', t('calls.channel')],
            ...CHANNELS.map((one) => [one, tWord('channel', one)] as const),
          ]}
        />
        <Select
          bare
          name="calls-state"
          label={t('calls.state')}
          value={chosen.state}
          onValue={(state) => onChange({ state })}
          options={[['', t('calls.state')], ...STATES.map((one) => [one, tWord('delivery', one)] as const)]}
        />
      </div>
      {unit && <p class="quiet">{t('calls.within', { unit: named(unit) })}</p>}
    </div>
  );
}

function Rows({ alert, found, onConfirmed }: { alert: AlertDetail; found: Calls; onConfirmed: () => void }) {
  if (found.people.length === 0) {
    const how =
      found.answer_within_s === null
        ? t('calls.none.how.never')
        : t('calls.none.how', { span: span(found.answer_within_s) });
    return <Empty title={t('calls.none')}>{how}</Empty>;
  }
  const confirm = async (member: number) => {
    try {
      await acknowledgeFor(alert.id, member);
      onConfirmed();
    } catch (failure) {
      sayFailed(t('acknowledge'), failure);
    }
  };
  return (
    <ul class="entries">
      {found.people.map((call) => (
        <Row key={call.member.id} call={call} onConfirm={alert.state === 'issued' ? confirm : undefined} />
      ))}
    </ul>
  );
}

function Row({ call, onConfirm }: { call: Call; onConfirm?: (member: number) => void }) {
  const { member, superior } = call;
  return (
    <li class="entry" data-testid="call-row">
      <span class="line">
        <button type="button" class="button button-plain call-name" onClick={() => openMember(member.id)}>
          <strong>{member.name}</strong>
        </button>
        <span class="second clip grow">{member.unit && named(member.unit)}</span>
        <Badge tone={TONES[call.why]}>{t(`calls.${call.why}`)}</Badge>
      </span>
      <span class="line">
        {member.phone ? (
          <a class="button button-normal num" href={`tel:${member.phone}`} data-testid="call-phone">
            <Icon node={PhoneOutgoing} /> {member.phone}
          </a>
        ) : (
          <span class="second">{t('calls.nophone')}</span>
        )}
        <span class="grow" />
        {onConfirm && (
          <Button
            icon={PhoneCall}
            onClick={() => onConfirm(member.id)}
            title={t('acknowledge.phone')}
            testId="call-confirm"
          >
            {t('calls.confirmed')}
          </Button>
        )}
      </span>
      <span class="row-more">
        {call.told_at ? t('calls.told', { ago: ago(call.told_at, nowMs.value) }) : t('calls.untold')}
        {superior && (
          <>
            {' · '}
            {t('calls.superior', { name: superior.name })}{' '}
            {superior.phone && (
              <a class="link num" href={`tel:${superior.phone}`}>
                {superior.phone}
              </a>
            )}
          </>
        )}
      </span>
      {call.delivery.map((line) => (
        <Delivery key={`${line.channel} ${line.queued_at} ${line.kind ?? ''} ${line.address}`} line={line} />
      ))}
    </li>
  );
}
