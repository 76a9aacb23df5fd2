import { PresenceMark } from '../design/Presence';
import { t } from '../i18n';

const STATES = ['fresh', 'ageing', 'silent', 'offline'] as const;

export function LegendItems() {
  return (
    <>
      {STATES.map((state) => (
        <span key={state} class="legend-item">
          <PresenceMark state={state} />
          <span aria-hidden="true">{t(`presence.${state}`)}</span>
        </span>
      ))}
      <span class="legend-item">
        <PresenceMark state="fresh" sos />
        <span aria-hidden="true">{t('presence.sos')}</span>
      </span>
      <span class="legend-item">
        <svg class="presence presence-fresh" width="12" height="12" viewBox="0 0 12 12" aria-hidden="true">
          <rect x="1" y="1" width="10" height="10" rx="1.5" fill="currentColor" />
        </svg>
        {t('legend.leader')}
      </span>
    </>
  );
}

export function Legend() {
  return (
    <div class="legend" role="note" aria-label={t('legend')}>
      <LegendItems />
    </div>
  );
}
