import { MonitorX } from 'lucide';
import { closeSession, getSessions, type LoginSession } from '../../api/accounts';
import { Badge } from '../../design/Badge';
import { Button } from '../../design/Button';
import { Failure, Skeleton } from '../../design/Feedback';
import { Section } from '../../design/Panel';
import { sayFailed } from '../../design/Toast';
import { ago, t } from '../../i18n';
import { useFetched } from '../../state/async';
import { nowMs } from '../../state/clock';
import { browserOf } from './browser';

/** Where the account is logged in now. */
export function Sessions() {
  const { value, error, reload } = useFetched('sessions', getSessions);
  const close = (session: LoginSession) =>
    closeSession(session.id)
      .then(reload)
      .catch((failure) => sayFailed(t('sessions.close'), failure));
  return (
    <Section title={t('sessions')}>
      {error && !value ? <Failure what={t('sessions')} error={error} onRetry={reload} /> : null}
      {!error && !value && <Skeleton label={t('sessions')} />}
      <ul class="entries-plain">
        {value?.sessions.map((session) => (
          <li key={session.id} class="line entry-plain" data-testid="session">
            <span class="row-text">
              <span class="row-title">{browserOf(session.user_agent) ?? t('sessions.unknown')}</span>
              <span class="row-more num">
                {session.address} · {t('sessions.since', { ago: ago(session.created_at, nowMs.value) })}
              </span>
            </span>
            {session.is_this ? (
              <Badge tone="good">{t('sessions.this')}</Badge>
            ) : (
              <Button icon={MonitorX} onClick={() => void close(session)}>
                {t('sessions.close')}
              </Button>
            )}
          </li>
        ))}
      </ul>
    </Section>
  );
}
