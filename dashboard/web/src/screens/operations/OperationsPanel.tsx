import { getPulse, type Pulse } from '../../api/ingest';
import { Badge } from '../../design/Badge';
import { Empty, Failure, Skeleton } from '../../design/Feedback';
import { Panel } from '../../design/Panel';
import { ago, t } from '../../i18n';
import { useFetched } from '../../state/async';
import { nowMs } from '../../state/clock';
import { openPanel } from '../../state/place';
import { FRESH_MS } from '../../state/pulse';
import { isVisible } from '../../state/visible';
import { Figures } from './Figures';
import { Refusals } from './Refusals';
import { Workers } from './Workers';

export const REFRESH_MS = 5_000; // as often as a worker writes a sample

/** How ingest does now and over the last quarter of an hour: all of it, each worker, and what was refused and why. */
export function OperationsPanel() {
  const { value, error, reload } = useFetched('pulse', getPulse, isVisible.value ? REFRESH_MS : undefined);
  return (
    <Panel
      title={t('ingest')}
      label={t('ingest')}
      tools={value && <Age pulse={value} />}
      onClose={() => openPanel(null)}
    >
      {!value &&
        (error ? (
          <Failure what={t('ingest')} error={error} onRetry={reload} />
        ) : (
          <Skeleton label={t('ingest')} />
        ))}
      {value && (value.workers.length === 0 ? <NoWorker /> : <Shown pulse={value} />)}
    </Panel>
  );
}

function NoWorker() {
  return <Empty title={t('ingest.none')}>{t('ingest.none.how')}</Empty>;
}

function Shown({ pulse }: { pulse: Pulse }) {
  return (
    <div class={isOld(pulse) ? 'ops ops-old' : 'ops'} data-testid="operations">
      <Figures pulse={pulse} />
      <Workers pulse={pulse} />
      <Refusals reasons={pulse.reasons} />
    </div>
  );
}

const isOld = (pulse: Pulse): boolean => nowMs.value - pulse.at_ms > FRESH_MS;

/** Old figures never look new: how old they are, once the server does not answer any more. */
function Age({ pulse }: { pulse: Pulse }) {
  return isOld(pulse) ? (
    <Badge tone="warn">{t('ops.old', { ago: ago(pulse.at_ms, nowMs.value) })}</Badge>
  ) : (
    <span class="second">{t('ops.window')}</span>
  );
}
