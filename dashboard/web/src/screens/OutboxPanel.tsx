import { getOutbox } from '../api/client';
import { Badge } from '../design/Badge';
import { Button } from '../design/Button';
import { Empty, Failure, Skeleton } from '../design/Feedback';
import { Panel } from '../design/Panel';
import { ago, t, tWord } from '../i18n';
import { useFetched } from '../state/async';
import { nowMs } from '../state/clock';
import { openAlert, openPanel } from '../state/place';

const REFRESH_MS = 3_000;
const SHOWN = 100;

/** Messages as the `outbox` provider got them: what would have left the building. */
export function OutboxPanel() {
  const { value, error, reload } = useFetched('outbox', () => getOutbox({ limit: SHOWN }), REFRESH_MS);
  return (
    <Panel title={t('outbox')} label={t('outbox')} onClose={() => openPanel(null)} flush>
      {!value &&
        (error ? (
          <Failure what={t('outbox')} error={error} onRetry={reload} />
        ) : (
          <Skeleton label={t('outbox')} />
        ))}
      {value?.messages.length === 0 && <Empty title={t('outbox.none')}>{t('outbox.none.how')}</Empty>}
      {value && value.messages.length > 0 && (
        <ul class="entries">
          {value.messages.map((message) => (
            <li key={message.id} class="entry" data-testid="outbox-row">
              <span class="line">
                <strong>{message.member?.name ?? t('outbox.unknown')}</strong>
                <span class="mono second grow clip">{message.address}</span>
                <span class="row-end">{ago(message.accepted_at, nowMs.value)}</span>
              </span>
              <p class="message">{message.body}</p>
              <span class="line">
                <Badge tone={message.delivery.state === 'failed' ? 'bad' : 'plain'}>
                  {tWord('delivery', message.delivery.state)}
                </Badge>
                <span class="second grow">{tWord('kind', message.delivery.kind)}</span>
                {message.alert && (
                  <Button look="plain" onClick={() => openAlert(message.alert ?? '')}>
                    {t('outbox.alert')}
                  </Button>
                )}
              </span>
            </li>
          ))}
        </ul>
      )}
    </Panel>
  );
}
