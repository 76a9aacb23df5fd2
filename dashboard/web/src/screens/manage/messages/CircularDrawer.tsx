/** One circular: how far it has come, who was left out, and what can still be done about it. */
import { Archive, Ban, Check, X } from 'lucide';
import { useState } from 'preact/hooks';
import {
  type CircularCard,
  decideCircular,
  getCircular,
  getRecipients,
  LEFT_OUT,
  moveCircular,
} from '../../../api/messages';
import { Button } from '../../../design/Button';
import { Drawer } from '../../../design/Drawer';
import { explain, Failure, Skeleton } from '../../../design/Feedback';
import { Facts, Section } from '../../../design/Panel';
import { say, sayFailed } from '../../../design/Toast';
import { named, number, t, time } from '../../../i18n';
import { useFetched } from '../../../state/async';
import { nowMs } from '../../../state/clock';
import { go, openItem, place, placeAfter, writePlace } from '../../../state/place';
import { can, me } from '../../../state/session';
import { Consequence } from '../forms/Consequence';
import { Standing } from './Circulars';
import { nameOf } from './PlanView';
import { Bubble, money, ShareBar, ShareLegend, StateBadge, shareOf } from './words';

const EVERY_MS = 2_000;

export function CircularDrawer({ id }: { id: string }) {
  const { value, error, reload } = useFetched(`circular ${id}`, () => getCircular(id), EVERY_MS);
  const [isCancelling, setCancelling] = useState(false);
  const close = () => openItem(null);
  if (!value)
    return (
      <Drawer title={t('sms.circular')} label={t('sms.circular')} onClose={close}>
        {error ? (
          <Failure what={t('sms.circular')} error={error} onRetry={reload} />
        ) : (
          <Skeleton label={t('sms.circular')} />
        )}
      </Drawer>
    );
  const unsent = value.state === 'waiting' ? value.recipients : (value.progress.queued ?? 0);
  const decide = (what: 'release' | 'decline') =>
    decideCircular(id, what).then(reload, (failure) => sayFailed(t(`sms.decide.${what}`), failure));
  return (
    <Drawer
      title={t('sms.circular')}
      label={t('sms.circular')}
      onClose={close}
      foot={
        <>
          {value.state === 'waiting' && can('approver') && value.created_by.id !== me.value?.account.id && (
            <>
              <Button icon={Check} look="main" onClick={() => void decide('release')} testId="release">
                {t('sms.decide.release')}
              </Button>
              <Button icon={X} onClick={() => void decide('decline')}>
                {t('sms.decide.decline')}
              </Button>
            </>
          )}
          {unsent > 0 && can('issuer') && (value.state === 'waiting' || value.state === 'sending') && (
            <Button icon={Ban} onClick={() => setCancelling(true)} testId="cancel-circular">
              {t('sms.decide.cancel')}
            </Button>
          )}
          {value.state === 'sending' && unsent === 0 && can('dispatcher') && (
            <Button
              icon={Archive}
              testId="archive-circular"
              onClick={() =>
                void moveCircular(id, 'archived').then(
                  ({ moved }) => say(t('sms.moved.archived', { count: moved })),
                  (failure) => sayFailed(t('sms.move.archived'), failure),
                )
              }
            >
              {t('sms.archive.all')}
            </Button>
          )}
        </>
      }
    >
      {isCancelling && (
        <Consequence
          title={t('sms.decide.cancel')}
          does={t('sms.cancel.do', { count: unsent })}
          onLeave={() => setCancelling(false)}
          onDo={async () => {
            await decideCircular(id, 'cancel');
            setCancelling(false);
            reload();
          }}
        >
          <p>{t('sms.cancel.how', { count: unsent })}</p>
        </Consequence>
      )}
      <About circular={value} />
      <People id={id} left={false} hasMessages={shareOf(value.progress).total > 0} />
      {value.left_out > 0 && <People id={id} left reasons={value.reasons} />}
    </Drawer>
  );
}

function About({ circular }: { circular: CircularCard }) {
  const { delivered, total } = shareOf(circular.progress);
  return (
    <>
      <p class="line-wrap">
        <Standing circular={circular} />
        <strong class="num" data-testid="progress">
          {t('sms.progress.of', { delivered, total: total || circular.recipients })}
        </strong>
      </p>
      <ShareBar states={circular.progress} label={t('sms.progress')} />
      <ShareLegend />
      {circular.text_zh && <Bubble text={circular.text_zh} label={t('sms.text_zh')} />}
      {circular.text_en && <Bubble text={circular.text_en} label={t('sms.text_en')} />}
      <Facts
        rows={[
          [t('sms.by'), circular.created_by.name],
          [t('filter.unit'), named(circular.unit)],
          [t('sms.queued'), time(circular.created_at, nowMs.value)],
          [t('sms.leaves'), time(circular.leaves_at, nowMs.value)],
          [t('sms.plan.parts'), number(circular.parts)],
          [t('sms.plan.cost'), money(circular.cost, circular.currency)],
          circular.template
            ? [
                t('sms.template'),
                t('sms.template.version', { ...circular.template, name: circular.template.name }),
              ]
            : null,
          circular.decided_by
            ? [
                t('sms.decided'),
                `${circular.decided_by.name} ${time(circular.decided_at ?? '', nowMs.value)}`,
              ]
            : null,
        ]}
      />
    </>
  );
}

interface PeopleProps {
  id: string;
  left: boolean;
  hasMessages?: boolean; // nobody is sent anything before a second person let it go
  reasons?: CircularCard['reasons'];
}

/** A link, so that a second window can hold it. */
function AllSent({ circular }: { circular: string }) {
  const there = { manage: 'sms-sent', item: null, circular } as const;
  return (
    <a
      href={`/${writePlace(placeAfter(place.value, there))}`}
      data-testid="all-sent"
      onClick={(event) => {
        if (event.ctrlKey || event.metaKey || event.shiftKey) return;
        event.preventDefault();
        go(there);
      }}
    >
      {t('sms.recipients.sent')}
    </a>
  );
}

function People({ id, left, hasMessages, reasons }: PeopleProps) {
  const ask = () => getRecipients(id, left);
  const { value, error, reload } = useFetched(`recipients ${id} ${left}`, ask, EVERY_MS);
  const title = t(left ? 'sms.leftout' : 'sms.recipients');
  return (
    <Section title={title}>
      {reasons && (
        <Facts
          rows={LEFT_OUT.filter((reason) => reasons[reason]).map((reason) => [
            t(`sms.leftout.${reason}`),
            number(reasons[reason] ?? 0),
          ])}
        />
      )}
      {value ? (
        <>
          {error !== null && <p class="form-error">{explain(error)}</p>}
          {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling region must be reachable by keyboard */}
          <ul class="recipients" aria-label={title} tabIndex={0}>
            {value.recipients.map((each) => (
              <li key={each.place} class="line">
                <span class="grow clip">{nameOf(each) || t('sms.someone')}</span>
                {each.state && <StateBadge state={each.state} />}
                {each.left_out && <span class="second">{t(`sms.leftout.${each.left_out}`)}</span>}
              </li>
            ))}
          </ul>
          {value.next !== null && (
            <p class="line-wrap second">
              {t('sms.recipients.more', { count: value.recipients.length })}
              {hasMessages && <AllSent circular={id} />}
            </p>
          )}
        </>
      ) : error ? (
        <Failure what={title} error={error} onRetry={reload} />
      ) : (
        <Skeleton label={title} />
      )}
    </Section>
  );
}
