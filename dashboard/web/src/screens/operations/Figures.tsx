/** The figures that say at a glance whether all is well, each with its last quarter of an hour. */
import { TriangleAlert } from 'lucide';
import type { Pulse } from '../../api/ingest';
import { Chart } from '../../design/Chart';
import { Icon } from '../../design/Icon';
import { t } from '../../i18n';
import { figure, freshest, line, MEASURES, type MeasureName } from '../../state/pulse';
import { type Kind, shown } from './quantities';

interface Shape {
  name: MeasureName;
  kind: Kind;
  floor: number; // the least that the top of its chart stands for, so that nothing looks like much
  limit?: number; // from here on somebody should look
}

const SHAPES: readonly Shape[] = [
  { name: 'packets', kind: 'rate', floor: 10 },
  { name: 'positions', kind: 'rate', floor: 10 },
  { name: 'lag', kind: 'ms', floor: 100, limit: 2_000 },
  { name: 'inbox', kind: 'count', floor: 100, limit: 10_000 },
  { name: 'database', kind: 'share', floor: 1, limit: 0.8 },
  { name: 'connections', kind: 'count', floor: 10 },
  { name: 'silent', kind: 'count', floor: 10 },
  { name: 'late', kind: 'count', floor: 10, limit: 2_000 },
  { name: 'refused', kind: 'rate', floor: 1 },
  { name: 'batch', kind: 'count', floor: 10 },
];

export function Figures({ pulse }: { pulse: Pulse }) {
  return (
    <ul class="ops-figures">
      {SHAPES.map((shape) => (
        <Figure key={shape.name} shape={shape} pulse={pulse} />
      ))}
    </ul>
  );
}

function Figure({ shape, pulse }: { shape: Shape; pulse: Pulse }) {
  const { name, kind, floor, limit } = shape;
  const now = figure(pulse, MEASURES[name]);
  const points = line(pulse, MEASURES[name]);
  const highest = points.reduce<number>((most, value) => Math.max(most, value ?? 0), 0);
  const isHigh = limit !== undefined && now !== null && now >= limit;
  const words = { name: t(`ops.${name}`), now: shown(now, kind), highest: shown(highest, kind) };
  return (
    <li class={isHigh ? 'ops-figure ops-high' : 'ops-figure'} data-testid={`figure-${name}`}>
      <span class="ops-name">{t(`ops.${name}`)}</span>
      <span class="ops-now">
        {isHigh && <Icon node={TriangleAlert} size={20} title={t('ops.high')} />}
        {shown(now, kind)}
      </span>
      <span class="ops-more clip">{more(name, pulse)}</span>
      <Chart label={t('ops.chart', words)} points={points} ceiling={Math.max(floor, highest)} />
      <span class="ops-scale num" aria-hidden="true">
        {t('ops.highest', { highest: shown(highest, kind) })}
      </span>
    </li>
  );
}

/** The second thing one wants to know, under the figure. */
function more(name: MeasureName, pulse: Pulse): string {
  const samples = pulse.workers
    .map((worker) => freshest(worker, pulse.at_ms))
    .filter((each) => each !== null);
  if (samples.length === 0) return t('ops.unknown');
  const sum = (of: (sample: (typeof samples)[number]) => number) =>
    samples.reduce((total, sample) => total + of(sample), 0);
  const most = (of: (sample: (typeof samples)[number]) => number | null) =>
    Math.max(0, ...samples.map((sample) => of(sample) ?? 0));
  switch (name) {
    case 'lag':
      return t('ops.lag.more', {
        half: shown(
          most((sample) => sample.lag_p50_ms),
          'ms',
        ),
        longest: shown(
          most((sample) => sample.lag_max_ms),
          'ms',
        ),
      });
    case 'database':
      return t('ops.database.more', {
        commit: shown(
          most((sample) => sample.commit_p50_ms),
          'ms',
        ),
      });
    case 'silent':
      return t('ops.silent.more', {
        online: shown(
          sum((sample) => sample.online),
          'count',
        ),
        offline: shown(
          sum((sample) => sample.offline),
          'count',
        ),
      });
    case 'late':
      return t('ops.late.more', {
        rate: shown(
          sum((sample) => (sample.late * 1000) / sample.span_ms),
          'rate',
        ),
      });
    case 'batch':
      return t('ops.batch.more', {
        largest: shown(
          most((sample) => sample.largest_batch),
          'count',
        ),
      });
    case 'positions':
      return t('ops.positions.more', {
        rate: shown(
          sum((sample) => (sample.duplicates * 1000) / sample.span_ms),
          'rate',
        ),
      });
    default:
      return t(`ops.${name}.more`);
  }
}
