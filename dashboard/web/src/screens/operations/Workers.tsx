/** One row for each ingest process: whether it lives, and what it does. */
import type { Pulse, Worker } from '../../api/ingest';
import { Badge, type Tone } from '../../design/Badge';
import { Section } from '../../design/Panel';
import { type Column, Table } from '../../design/Table';
import { ago, span, t } from '../../i18n';
import { nowMs } from '../../state/clock';
import { freshest, MEASURES, type MeasureName } from '../../state/pulse';
import { type Kind, shown } from './quantities';

const TONES: Readonly<Record<Worker['state'], Tone>> = { living: 'good', stopped: 'plain', lost: 'bad' };
const MEASURED: readonly (readonly [name: MeasureName, kind: Kind])[] = [
  ['packets', 'rate'],
  ['positions', 'rate'],
  ['lag', 'ms'],
  ['inbox', 'count'],
  ['batch', 'count'],
  ['database', 'share'],
  ['connections', 'count'],
  ['refused', 'rate'],
];

export function Workers({ pulse }: { pulse: Pulse }) {
  const cell = (worker: Worker, of: (sample: Worker['samples'][number]) => number | null, kind: Kind) => {
    const sample = freshest(worker, pulse.at_ms);
    return shown(sample && of(sample), kind);
  };
  const columns: Column<Worker>[] = [
    { name: 'name', label: t('ops.worker'), cell: ({ name }) => <span class="mono">{name}</span> },
    { name: 'state', label: t('ops.state'), cell: (worker) => <State worker={worker} /> },
    ...MEASURED.map(([name, kind]) => ({
      name,
      label: t(`ops.${name}`),
      end: true,
      cell: (worker: Worker) => cell(worker, MEASURES[name].of, kind),
    })),
    {
      name: 'cpu',
      label: t('ops.cpu'),
      end: true,
      cell: (worker) => cell(worker, (sample) => sample.cpu_ms / sample.span_ms, 'share'),
    },
    {
      name: 'stored',
      label: t('ops.stored'),
      end: true,
      cell: (worker) => shown(worker.positions_stored, 'count'),
    },
  ];
  return (
    <Section title={t('ops.workers')}>
      <Table
        label={t('ops.workers')}
        columns={columns}
        rows={pulse.workers}
        keyOf={(worker) => worker.id}
        empty={null}
      />
    </Section>
  );
}

function State({ worker }: { worker: Worker }) {
  const { state, started_at, heartbeat_at } = worker;
  const now = nowMs.value;
  return (
    <span class="line" data-testid="worker-state" data-state={state}>
      <Badge tone={TONES[state]}>{t(`ops.state.${state}`)}</Badge>
      <span class="second">
        {state === 'living'
          ? t('ops.since', { span: span((now - Date.parse(started_at)) / 1000) })
          : t('ops.heard', { ago: ago(heartbeat_at, now) })}
      </span>
    </span>
  );
}
