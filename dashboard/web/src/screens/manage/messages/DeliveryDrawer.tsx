/** One message: what it says, what became of it, and every attempt with the provider's own words. */
import { getDelivery } from '../../../api/messages';
import { Badge } from '../../../design/Badge';
import { Button } from '../../../design/Button';
import { Drawer } from '../../../design/Drawer';
import { Failure, Skeleton } from '../../../design/Feedback';
import { Facts, Section } from '../../../design/Panel';
import { named, t, time, tWord } from '../../../i18n';
import { useFetched } from '../../../state/async';
import { nowMs } from '../../../state/clock';
import { go, openAlert, openItem } from '../../../state/place';
import { can } from '../../../state/session';
import { MoveButtons } from './MessagesSection';
import { Bubble, channelName, kindName, phoneOf, readerOf, StateBadge } from './words';

const EVERY_MS = 5_000;

export function DeliveryDrawer({ id, onMoved }: { id: number; onMoved?: () => void }) {
  const { value, error, reload } = useFetched(`delivery ${id}`, () => getDelivery(id), EVERY_MS);
  const close = () => openItem(null);
  const title = value ? readerOf(value) : t('sms.message');
  if (!value)
    return (
      <Drawer title={title} label={t('sms.message')} onClose={close}>
        {error ? (
          <Failure what={t('sms.message')} error={error} onRetry={reload} />
        ) : (
          <Skeleton label={t('sms.message')} />
        )}
      </Drawer>
    );
  const at = (moment: string | null) => (moment ? time(moment, nowMs.value) : '–');
  const { alert, circular } = value;
  return (
    <Drawer
      title={title}
      label={t('sms.message')}
      onClose={close}
      foot={
        onMoved &&
        can('dispatcher') && (
          <MoveButtons
            folder={value.folder}
            ids={[value.id]}
            onMoved={() => {
              close();
              onMoved();
            }}
          />
        )
      }
    >
      <p class="line-wrap">
        <StateBadge state={value.state} />
        {value.is_possible_duplicate && <Badge tone="warn">{t('sms.duplicate')}</Badge>}
        {value.folder !== 'sent' && <Badge>{t(`section.sms-${value.folder}`)}</Badge>}
      </p>
      <Bubble text={value.body || channelName(value.channel)} label={kindName(value.kind)} />
      <Facts
        rows={[
          [t('sms.address'), phoneOf(value.address) || '–'],
          [t('filter.unit'), named(value.unit)],
          [t('sms.channel'), channelName(value.channel)],
          [t('sms.provider'), value.provider ?? '–'],
          [t('sms.queued'), at(value.queued_at)],
          value.not_before ? [t('sms.waits'), at(value.not_before)] : null,
          [t('sms.left'), at(value.sent_at)],
          [t('sms.settled'), at(value.settled_at)],
          [t('sms.number'), String(value.id)],
        ]}
      />
      {(alert || circular) && (
        <div class="line-wrap">
          {alert && <Button onClick={() => openAlert(alert.id)}>{t('outbox.alert')}</Button>}
          {circular && (
            <Button onClick={() => go({ manage: 'sms-send', item: circular })}>{t('sms.circular')}</Button>
          )}
        </div>
      )}
      <Section title={t('sms.attempts')}>
        {value.log.length === 0 ? (
          <p class="second">{t('sms.attempts.none')}</p>
        ) : (
          <ol class="attempts" data-testid="attempts">
            {value.log.map((each) => (
              <li key={`${each.attempt}${each.outcome}`}>
                <span class="line-wrap">
                  <strong>{tWord('sms.outcome', each.outcome)}</strong>
                  <span class="second">{each.provider}</span>
                  <time class="num second">{time(each.at, nowMs.value)}</time>
                </span>
                {each.detail && <q class="attempt-words">{each.detail}</q>}
              </li>
            ))}
          </ol>
        )}
      </Section>
    </Drawer>
  );
}
