import { Plus, Rss } from 'lucide';
import { useState } from 'preact/hooks';
import type { Alert } from '../api/types';
import { Button } from '../design/Button';
import { Empty, Failure, Skeleton } from '../design/Feedback';
import { Icon } from '../design/Icon';
import { List } from '../design/List';
import { Panel } from '../design/Panel';
import { Tabs } from '../design/Tabs';
import { t } from '../i18n';
import { alerts, alertsError, loadAlerts } from '../state/alerts';
import { isPhone } from '../state/frame';
import { openPanel } from '../state/place';
import { me } from '../state/session';
import { AlertRow } from './AlertRow';
import { newAlert } from './keys';

const ROW_PX = 56;
const VIEWS = {
  current: (alert: Alert) => ['issued', 'pending_approval', 'draft'].includes(alert.state),
  past: (alert: Alert) => ['lifted', 'cancelled', 'expired'].includes(alert.state),
} as const;
type View = keyof typeof VIEWS;

export function AlertsPanel() {
  const [view, setView] = useState<View>('current');
  const mayIssue = me.value?.account.may_issue ?? false;
  return (
    <Panel
      title={t('alerts')}
      label={t('alerts')}
      onClose={isPhone.value ? undefined : () => openPanel(null)}
      flush
      tools={
        <a
          class="button button-square button-plain"
          href="/api/cap"
          target="_blank"
          rel="noreferrer"
          title={t('alerts.feed')}
          aria-label={t('alerts.feed')}
          data-testid="alerts-feed"
        >
          <Icon node={Rss} />
        </a>
      }
      foot={
        mayIssue && (
          <Button icon={Plus} look="main" wide onClick={newAlert}>
            {t('compose.new')}
          </Button>
        )
      }
    >
      <Tabs
        label={t('alerts')}
        tabs={[
          ['current', t('alerts.current')],
          ['past', t('alerts.past')],
        ]}
        chosen={view}
        onChoose={setView}
      />
      <Rows view={view} />
    </Panel>
  );
}

function Rows({ view }: { view: View }) {
  if (alerts.value === null) {
    if (alertsError.value)
      return <Failure what={t('alerts')} error={alertsError.value} onRetry={() => void loadAlerts()} />;
    return <Skeleton label={t('alerts')} />;
  }
  const shown = alerts.value.filter(VIEWS[view]);
  if (shown.length === 0) {
    return (
      <Empty title={t(`alerts.none.${view}`)}>{view === 'current' && <p>{t('alerts.none.how')}</p>}</Empty>
    );
  }
  return (
    <List label={t('alerts')} items={shown} rowPx={ROW_PX} keyOf={(alert) => alert.id}>
      {(alert) => <AlertRow alert={alert} />}
    </List>
  );
}
