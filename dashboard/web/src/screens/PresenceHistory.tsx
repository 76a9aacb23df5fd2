import { getPresence } from '../api/client';
import type { PresenceEvent } from '../api/types';
import { Failure, Skeleton } from '../design/Feedback';
import { Facts } from '../design/Panel';
import { named, t, time } from '../i18n';
import { useFetched } from '../state/async';
import { nowMs } from '../state/clock';

const REFRESH_MS = 10_000;
const SHOWN = 20;

/** When a person was heard and when not, when they left their own grid and came back; newest first. */
export function PresenceHistory({ id }: { id: number }) {
  const { value, error, reload } = useFetched(`presence ${id}`, () => getPresence(id, SHOWN), REFRESH_MS);
  if (!value) {
    return error ? (
      <Failure what={t('presence.history')} error={error} onRetry={reload} />
    ) : (
      <Skeleton label={t('presence.history')} />
    );
  }
  if (value.events.length === 0) return <p class="second">{t('presence.history.none')}</p>;
  return (
    <div data-testid="presence-history">
      <Facts
        rows={value.events.map((event) => [time(event.at, nowMs.value), <What event={event} />] as const)}
      />
    </div>
  );
}

function What({ event }: { event: PresenceEvent }) {
  return (
    <>
      {t(`presence.was.${event.kind}`)}{' '}
      <span class="second">{event.grid ? named(event.grid) : t('fix.outside')}</span>
    </>
  );
}
