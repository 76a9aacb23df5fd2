/** Everybody in an alert's audience: why, over which channel, how far it came, and whether they answered. */
import { Check, PhoneCall } from 'lucide';
import { useState } from 'preact/hooks';
import { acknowledgeFor, getAudience } from '../api/client';
import type { AlertDetail, DeliveryLine, Reason, Told } from '../api/types';
import { Badge, type Tone } from '../design/Badge';
import { Button } from '../design/Button';
import { Empty, Failure, Skeleton } from '../design/Feedback';
import { Icon } from '../design/Icon';
import { sayFailed } from '../design/Toast';
import { ago, named, t, tWord } from '../i18n';
import { useFetched } from '../state/async';
import { nowMs } from '../state/clock';
import { openMember } from '../state/place';
import { roleName } from '../state/session';
import { unitsById } from '../state/units';

const PAGE = 50;
const REFRESH_MS = 3_000;
const TONES: Readonly<Record<string, Tone>> = {
  delivered: 'good',
  failed: 'bad',
  unknown: 'warn',
  expired: 'warn',
};

export function Audience({ alert, onChanged }: { alert: AlertDetail; onChanged: () => void }) {
  const [offset, setOffset] = useState(0);
  const key = `audience ${alert.id} ${offset}`;
  const { value, error, reload } = useFetched(key, () => getAudience(alert.id, PAGE, offset), REFRESH_MS);
  if (!value) {
    return error ? (
      <Failure what={t('alert.audience')} error={error} onRetry={reload} />
    ) : (
      <Skeleton label={t('alert.audience')} />
    );
  }
  if (value.total === 0) return <Empty title={t('audience.none')}>{t('audience.none.how')}</Empty>;
  const acknowledge = async (member: number) => {
    try {
      await acknowledgeFor(alert.id, member);
      reload();
      onChanged();
    } catch (failure) {
      sayFailed(t('acknowledge'), failure);
    }
  };
  const canAnswer = alert.state === 'issued';
  return (
    <>
      <ul class="entries">
        {value.people.map((person) => (
          <Person
            key={person.member.id}
            person={person}
            onAcknowledge={canAnswer ? acknowledge : undefined}
          />
        ))}
      </ul>
      {value.total > PAGE && (
        <div class="panel-foot">
          <Button disabled={offset === 0} onClick={() => setOffset(offset - PAGE)}>
            {t('page.before')}
          </Button>
          <span class="grow second num" style={{ alignSelf: 'center', textAlign: 'center' }}>
            {t('page.of', { from: offset + 1, to: Math.min(offset + PAGE, value.total), total: value.total })}
          </span>
          <Button disabled={offset + PAGE >= value.total} onClick={() => setOffset(offset + PAGE)}>
            {t('page.after')}
          </Button>
        </div>
      )}
    </>
  );
}

export function reasonText(reason: Reason): string {
  const unit = nameOf(typeof reason.unit === 'number' ? unitsById.value.get(reason.unit) : reason.unit);
  const role = reason.role ? roleName(reason.role) : '';
  return [tWord('why', reason.why), unit, role, reason.name].filter(Boolean).join(' · ');
}

const nameOf = (unit: Reason['unit']): string | undefined =>
  typeof unit === 'object' ? named(unit) : unit === undefined ? undefined : String(unit);

function Person({ person, onAcknowledge }: { person: Told; onAcknowledge?: (member: number) => void }) {
  const { member } = person;
  return (
    <li class="entry" data-testid="audience-row">
      <span class="line">
        <button
          type="button"
          class="button button-plain"
          style={{ padding: 0, minHeight: '24px', flex: 'none' }}
          onClick={() => openMember(member.id)}
        >
          <strong>{member.name}</strong>
        </button>
        <span class="second clip grow">{member.unit && named(member.unit)}</span>
        {person.acknowledged_at ? (
          <Badge tone="good">
            <Icon node={Check} />
            {t('acknowledged.ago', { ago: ago(person.acknowledged_at, nowMs.value) })}
          </Badge>
        ) : (
          onAcknowledge && (
            <Button
              icon={PhoneCall}
              onClick={() => onAcknowledge(member.id)}
              title={t('acknowledge.phone')}
              testId="acknowledge"
            >
              {t('acknowledge')}
            </Button>
          )
        )}
      </span>
      <span class="row-more">{person.reasons.map(reasonText).join('; ')}</span>
      {person.delivery.map((line) => (
        <Delivery key={`${line.channel} ${line.queued_at} ${line.kind ?? ''} ${line.address}`} line={line} />
      ))}
    </li>
  );
}

export function Delivery({ line }: { line: DeliveryLine }) {
  return (
    <span class="line second">
      <Badge tone={TONES[line.state] ?? 'plain'}>{tWord('delivery', line.state)}</Badge>
      <span>{tWord('channel', line.channel)}</span>
      <span class="mono clip grow">{line.address}</span>
      {line.is_possible_duplicate && <Badge tone="warn">{t('delivery.duplicate')}</Badge>}
      <span class="row-end">{ago(line.settled_at ?? line.sent_at ?? line.queued_at, nowMs.value)}</span>
    </span>
  );
}
