import { getIngest } from '../api/client';
import type { IngestState } from '../api/types';
import { Badge } from '../design/Badge';
import { Empty, Failure, Skeleton } from '../design/Feedback';
import { Panel, Section } from '../design/Panel';
import { ago, number, t, tWord } from '../i18n';
import { useFetched } from '../state/async';
import { nowMs } from '../state/clock';
import { openPanel } from '../state/place';

const REFRESH_MS = 3_000;
const FIGURES = ['connections', 'packets', 'positions_stored', 'duplicates', 'refused'] as const;

/** What came in, and what was refused and why, with the payload itself. */
export function IngestPanel() {
  const { value, error, reload } = useFetched('ingest', getIngest, REFRESH_MS);
  return (
    <Panel title={t('ingest')} label={t('ingest')} onClose={() => openPanel(null)}>
      {!value &&
        (error ? (
          <Failure what={t('ingest')} error={error} onRetry={reload} />
        ) : (
          <Skeleton label={t('ingest')} />
        ))}
      {value && (
        <>
          <Runs runs={value.runs} />
          <Refusals refusals={value.refusals} />
          <Refused refused={value.refused} />
        </>
      )}
    </Panel>
  );
}

function Runs({ runs }: { runs: IngestState['runs'] }) {
  if (runs.length === 0) return <Empty title={t('ingest.none')}>{t('ingest.none.how')}</Empty>;
  return (
    <>
      {runs.map((run) => (
        <section key={run.id ?? run.name} class="section">
          <h3 class="section-title line">
            <span class="grow mono">{run.name}</span>
            {run.stopped_at ? (
              <Badge>{t('ingest.stopped')}</Badge>
            ) : (
              <Badge tone="good">{t('ingest.heard', { ago: ago(run.heartbeat_at, nowMs.value) })}</Badge>
            )}
          </h3>
          <table class="table">
            <tbody>
              {FIGURES.map((name) => (
                <tr key={name}>
                  <th scope="row">{t(`ingest.${name}`)}</th>
                  <td>{number(run[name])}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </section>
      ))}
    </>
  );
}

function Refusals({ refusals }: { refusals: IngestState['refusals'] }) {
  return (
    <Section title={t('ingest.reasons')}>
      {refusals.length === 0 && <p class="second">{t('ingest.norefusals')}</p>}
      {refusals.length > 0 && (
        <table class="table">
          <thead>
            <tr>
              <th scope="col">{t('ingest.reason')}</th>
              <th scope="col">{t('ingest.reports')}</th>
            </tr>
          </thead>
          <tbody>
            {refusals.map(({ reason, reports }) => (
              <tr key={reason} data-testid="refusal-row">
                <td>{tWord('refusal', reason)}</td>
                <td>{number(reports)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </Section>
  );
}

function Refused({ refused }: { refused: IngestState['refused'] }) {
  if (refused.length === 0) return null;
  return (
    <Section title={t('ingest.latest')}>
      {refused.map((one) => (
        <div key={`${one.received_at} ${one.topic} ${one.payload}`} class="stack-tight">
          <span class="line">
            <Badge tone="warn">{tWord('refusal', one.reason)}</Badge>
            <span class="grow" />
            <span class="row-end">{ago(one.received_at, nowMs.value)}</span>
          </span>
          <span class="mono second">{one.topic}</span>
          {one.detail && <span class="second">{one.detail}</span>}
          {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling region must be reachable by keyboard */}
          <pre class="payload mono" role="region" tabIndex={0} aria-label={t('ingest.payload')}>
            {one.payload}
          </pre>
        </div>
      ))}
    </Section>
  );
}
