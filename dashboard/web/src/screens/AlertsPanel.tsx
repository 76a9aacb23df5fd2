import { FileInput, Plus, Rss } from 'lucide';
import { useEffect, useState } from 'preact/hooks';
import type { Alert } from '../api/types';
import { Count } from '../design/Badge';
import { Button } from '../design/Button';
import { Empty, Failure, Skeleton } from '../design/Feedback';
import { Icon } from '../design/Icon';
import { List } from '../design/List';
import { Panel } from '../design/Panel';
import { Tabs } from '../design/Tabs';
import { number, t } from '../i18n';
import { alerts, alertsError, loadAlerts, only, which } from '../state/alerts';
import { isPhone } from '../state/frame';
import { openPanel } from '../state/place';
import { loadReceived, waiting } from '../state/received';
import { me } from '../state/session';
import { AlertRow } from './AlertRow';
import { newAlert } from './keys';

const ROW_PX = 56;
const WHICH = ['real', 'drills', 'all'] as const;
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
        <>
          {mayIssue && <Import />}
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
        </>
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
      <Filter view={view} />
      <Rows view={view} />
    </Panel>
  );
}

/** Real warnings and drills are counted apart, never together. */
function Filter({ view }: { view: View }) {
  const listed = (alerts.value ?? []).filter(VIEWS[view]);
  return (
    <div class="alerts-filter">
      <div class="chips" role="group" aria-label={t('alerts.which')}>
        {WHICH.map((one) => (
          <button
            key={one}
            type="button"
            class="chip chip-choice num"
            aria-pressed={which.value === one}
            onClick={() => {
              which.value = one;
            }}
            data-testid={`alerts-${one}`}
          >
            {t(`alerts.${one}`)} {number(only(one, listed).length)}
          </button>
        ))}
      </div>
      {which.value !== 'all' && <Sum of={only(which.value, listed)} />}
    </div>
  );
}

function Sum({ of }: { of: readonly Alert[] }) {
  const told = of.reduce((sum, { reach }) => sum + reach.told, 0);
  const acknowledged = of.reduce((sum, { reach }) => sum + reach.acknowledged, 0);
  if (told === 0) return null;
  return (
    <p class="quiet num" data-testid="alerts-sum">
      {t('alerts.sum', {
        told: number(told),
        acknowledged: number(acknowledged),
        share: number((100 * acknowledged) / told),
      })}
    </p>
  );
}

/** Messages of other services, and how many wait for somebody. */
function Import() {
  useEffect(() => void loadReceived(), []);
  return (
    <Button
      look="plain"
      icon={FileInput}
      onClick={() => openPanel('received')}
      title={t('cap.title')}
      testId="cap-open"
    >
      {t('cap.import')}
      <Count value={waiting.value.length} />
    </Button>
  );
}

function Rows({ view }: { view: View }) {
  if (alerts.value === null) {
    if (alertsError.value)
      return <Failure what={t('alerts')} error={alertsError.value} onRetry={() => void loadAlerts()} />;
    return <Skeleton label={t('alerts')} />;
  }
  const shown = only(which.value, alerts.value.filter(VIEWS[view]));
  if (shown.length === 0) {
    if (which.value === 'drills')
      return <Empty title={t('alerts.none.drills')}>{t('alerts.none.drills.how')}</Empty>;
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
