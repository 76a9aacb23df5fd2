import type { Alert, AlertState } from '../api/types';
import { Badge, type Tone } from '../design/Badge';
import { LevelMark } from '../design/LevelMark';
import { ago, named, number, t } from '../i18n';
import { nowMs } from '../state/clock';
import { openAlert } from '../state/place';

const TONES: Readonly<Record<AlertState, Tone>> = {
  draft: 'plain',
  pending_approval: 'warn',
  issued: 'bad',
  lifted: 'good',
  cancelled: 'plain',
  expired: 'plain',
};

export function StateBadge({ state }: { state: AlertState }) {
  return <Badge tone={TONES[state]}>{t(`alert.state.${state}`)}</Badge>;
}

export function AlertRow({ alert }: { alert: Alert }) {
  const { reach } = alert;
  const isTold = alert.issued_at !== null;
  return (
    <button
      type="button"
      class="row"
      onClick={() => openAlert(alert.id)}
      data-testid="alert-row"
      data-state={alert.state}
    >
      <LevelMark level={alert.level} size={24} />
      <span class="row-text">
        <span class="row-title clip">
          {alert.is_drill && `${t('drill.mark')} `}
          {alert.headline || t('alert.untitled')}
        </span>
        <span class="row-more clip">
          {alert.targets.map(named).join(t('list.comma'))} ·{' '}
          {ago(alert.issued_at ?? alert.created_at, nowMs.value)}
        </span>
      </span>
      <span class="row-end">
        <StateBadge state={alert.state} />
        {isTold && (
          <span style={{ display: 'block', marginTop: '2px' }}>
            {t('reach.short', { acknowledged: number(reach.acknowledged), audience: number(reach.audience) })}
          </span>
        )}
      </span>
    </button>
  );
}
