import { t } from '../i18n';
import type { PresenceName } from '../live/presence';

/** The same shapes as on the map: solid fresh, ring ageing, hollow stale, cross SOS. */
export function PresenceMark({ state, sos }: { state: PresenceName; sos?: boolean }) {
  const kind = sos ? 'sos' : state;
  return (
    <svg
      class={`presence presence-${kind}`}
      width="12"
      height="12"
      viewBox="0 0 12 12"
      role="img"
      aria-label={t(`presence.${kind}`)}
    >
      {kind === 'fresh' && <circle cx="6" cy="6" r="5" fill="currentColor" />}
      {kind === 'ageing' && (
        <circle cx="6" cy="6" r="3.75" fill="none" stroke="currentColor" stroke-width="2.5" />
      )}
      {kind === 'silent' && (
        <circle cx="6" cy="6" r="4.5" fill="none" stroke="currentColor" stroke-width="1.2" />
      )}
      {kind === 'offline' && (
        <circle
          cx="6"
          cy="6"
          r="4.5"
          fill="none"
          stroke="currentColor"
          stroke-width="1.2"
          stroke-dasharray="2 2"
        />
      )}
      {kind === 'sos' && <path d="M4.2 0h3.6v4.2H12v3.6H7.8V12H4.2V7.8H0V4.2h4.2z" fill="currentColor" />}
    </svg>
  );
}
