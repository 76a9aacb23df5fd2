/** An alert as a leader meets it: the level fills the head, the words, where, what to do, and one large answer. */
import { Check, CornerDownRight, Phone as PhoneIcon } from 'lucide';
import { acknowledgeFor, getAlert, getUnit } from '../api/client';
import type { AlertDetail } from '../api/types';
import { Button } from '../design/Button';
import { Failure, Skeleton } from '../design/Feedback';
import { Icon } from '../design/Icon';
import { LevelMark } from '../design/LevelMark';
import { Panel, Section } from '../design/Panel';
import { say, sayFailed } from '../design/Toast';
import { ago, named, t, time, tWord } from '../i18n';
import { useFetched } from '../state/async';
import { nowMs } from '../state/clock';
import { change, startDraft } from '../state/compose';
import { alertId, openPanel } from '../state/place';
import { me } from '../state/session';
import { AlertMoves } from './AlertMoves';
import { SentBack, Waiting } from './AlertPanel';
import { StateBadge } from './AlertRow';
import { ReachBar, ReachFigures } from './Reach';

const REFRESH_MS = 5_000;

export function PhoneAlert() {
  const id = alertId.value;
  const {
    value: alert,
    error,
    reload,
  } = useFetched(id && `alert ${id}`, () => getAlert(id ?? ''), REFRESH_MS);
  return (
    <Panel
      title={alert ? tWord('event', alert.event) : t('alert')}
      label={t('alert')}
      onBack={() => openPanel('alerts')}
      tools={alert && <StateBadge state={alert.state} />}
      foot={alert && <Actions alert={alert} onDone={reload} />}
      flush
    >
      {!alert &&
        (error ? (
          <Failure what={t('alert')} error={error} onRetry={reload} />
        ) : (
          <Skeleton label={t('alert')} />
        ))}
      {alert && <Words alert={alert} />}
    </Panel>
  );
}

function Words({ alert }: { alert: AlertDetail }) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling region must be reachable by keyboard
    <div class="entries" tabIndex={0} role="region" aria-label={t('alert.text')}>
      <header class={`phone-level phone-level-${alert.level}`}>
        <LevelMark level={alert.level} size={44} named />
        <h3>{alert.headline}</h3>
        <p class="num">
          {alert.is_drill && `${t('drill')} · `}
          {named(alert.unit)} · {ago(alert.issued_at ?? alert.created_at, nowMs.value)}
        </p>
        {alert.expires_at && (
          <p class="num">{t('alert.until', { when: time(alert.expires_at, nowMs.value) })}</p>
        )}
      </header>
      {alert.proposal && <Waiting proposal={alert.proposal} />}
      <SentBack alert={alert} />
      <div class="phone-sheet">
        <Section title={t('alert.description')}>
          <p class="alert-text">{alert.description}</p>
        </Section>
        {alert.instruction && (
          <Section title={t('alert.instruction')}>
            <p class="alert-text">{alert.instruction}</p>
          </Section>
        )}
        <Section title={t('alert.where')}>
          <p class="alert-text">{alert.targets.map(named).join(t('list.comma'))}</p>
        </Section>
        {alert.issued_at && (
          <Section title={t('reach')}>
            <ReachBar reach={alert.reach} />
            <ReachFigures reach={alert.reach} />
          </Section>
        )}
      </div>
    </div>
  );
}

/** The same words for the leader's own units, to be looked at and sent on. */
function passDown(alert: AlertDetail): void {
  startDraft();
  change({
    level: alert.level,
    event: alert.event,
    headline: alert.headline,
    description: alert.description,
    instruction: alert.instruction,
    is_drill: alert.is_drill,
  });
  openPanel('compose');
}

function Actions({ alert, onDone }: { alert: AlertDetail; onDone: () => void }) {
  const member = me.value?.account.member ?? null;
  const issuer = useFetched(`issuer ${alert.unit.id}`, () => getUnit(alert.unit.id));
  const phone = issuer.value?.leaders.find((leader) => leader.phone)?.phone;
  const acknowledge = async () => {
    if (member === null) return;
    try {
      await acknowledgeFor(alert.id, member);
      say(t('done.acknowledge'));
      onDone();
    } catch (failure) {
      sayFailed(t('acknowledge'), failure);
    }
  };
  return (
    <div class="phone-actions">
      {member !== null && alert.state === 'issued' && (
        <Button icon={Check} level={alert.level} large wide onClick={() => void acknowledge()}>
          {t('acknowledge')}
        </Button>
      )}
      {me.value?.account.may_issue && (
        <Button icon={CornerDownRight} onClick={() => passDown(alert)}>
          {t('pass')}
        </Button>
      )}
      {phone && (
        <a class="button button-normal" href={`tel:${phone}`}>
          <Icon node={PhoneIcon} /> {t('call')}
        </a>
      )}
      {member === null && <AlertMoves alert={alert} onDone={onDone} />}
    </div>
  );
}
