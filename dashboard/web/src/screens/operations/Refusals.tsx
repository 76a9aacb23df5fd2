/** What was refused: by reason now and today, and the reports themselves with what was sent. */
import { ChevronDown } from 'lucide';
import { useEffect, useState } from 'preact/hooks';
import { getRefused, type Pulse, type RefusedReport } from '../../api/ingest';
import { Badge } from '../../design/Badge';
import { Button } from '../../design/Button';
import { Failure, Skeleton } from '../../design/Feedback';
import { Section } from '../../design/Panel';
import { ago, number, t, tWord } from '../../i18n';
import { useFetched } from '../../state/async';
import { nowMs } from '../../state/clock';
import { withNewer } from '../../state/pulse';
import { isVisible } from '../../state/visible';

const PAGE = 20;
const REFRESH_MS = 5_000;

export function Refusals({ reasons }: { reasons: Pulse['reasons'] }) {
  const [reason, setReason] = useState<string | null>(null);
  return (
    <div class="ops-refusals">
      <Section title={t('ops.reasons')}>
        <Reasons reasons={reasons} chosen={reason} onChoose={setReason} />
      </Section>
      <Section
        title={reason === null ? t('ops.reports') : t('ops.reports.of', { reason: tWord('refusal', reason) })}
      >
        <Reports key={reason} reason={reason} />
      </Section>
    </div>
  );
}

interface ReasonsProps {
  reasons: Pulse['reasons'];
  chosen: string | null;
  onChoose: (reason: string | null) => void;
}

function Reasons({ reasons, chosen, onChoose }: ReasonsProps) {
  const recent = new Map(reasons.recent.map(({ reason, reports }) => [reason, reports]));
  const today = new Map(reasons.today.map(({ reason, reports }) => [reason, reports]));
  const names = [...new Set([...recent.keys(), ...today.keys()])];
  if (names.length === 0 && chosen === null) return <p class="second">{t('ops.norefusals')}</p>;
  return (
    <>
      <table class="table">
        <thead>
          <tr>
            <th scope="col">{t('ops.reason')}</th>
            <th scope="col">{t('ops.recent')}</th>
            <th scope="col">{t('ops.today')}</th>
          </tr>
        </thead>
        <tbody>
          {names.map((name) => (
            <tr key={name} data-testid="refusal-row">
              <th scope="row">
                <button
                  type="button"
                  class="ops-reason"
                  aria-pressed={chosen === name}
                  onClick={() => onChoose(chosen === name ? null : name)}
                >
                  {tWord('refusal', name)}
                </button>
              </th>
              <td>{number(recent.get(name) ?? 0)}</td>
              <td>{number(today.get(name) ?? 0)}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {chosen !== null && (
        <div>
          <Button onClick={() => onChoose(null)} testId="all-reasons">
            {t('ops.all')}
          </Button>
        </div>
      )}
    </>
  );
}

/** The newest refresh by themselves; older ones come page by page and stay. */
function Reports({ reason }: { reason: string | null }) {
  const [known, setKnown] = useState<RefusedReport[]>([]);
  const [isWhole, setWhole] = useState(false);
  const fetched = useFetched(
    `refused ${reason ?? ''}`,
    () => getRefused({ reason, limit: PAGE }),
    isVisible.value ? REFRESH_MS : undefined,
  );
  const newest = fetched.value;
  useEffect(() => {
    if (newest) setKnown((before) => withNewer(before, newest));
  }, [newest]);
  const more = async () => {
    const older = await getRefused({ reason, limit: PAGE, before: known.at(-1)!.id });
    setKnown((before) => [...before, ...older]);
    setWhole(older.length < PAGE);
  };
  if (!newest && fetched.error)
    return <Failure what={t('ops.reports')} error={fetched.error} onRetry={fetched.reload} />;
  if (!newest) return <Skeleton label={t('ops.reports')} />;
  if (known.length === 0) return <p class="second">{t('ops.noreports')}</p>;
  return (
    <>
      {known.map((report) => (
        <Report key={report.id} report={report} />
      ))}
      {!isWhole && known.length >= PAGE && (
        <div>
          <Button icon={ChevronDown} onClick={() => void more()} testId="more-refused">
            {t('ops.more')}
          </Button>
        </div>
      )}
    </>
  );
}

function Report({ report }: { report: RefusedReport }) {
  const name = t('ops.payload', { id: number(report.id) });
  return (
    <article class="stack-tight ops-report" data-testid="refused-report">
      <span class="line">
        <Badge tone="warn">{tWord('refusal', report.reason)}</Badge>
        <span class="mono grow clip">{report.terminal ?? t('ops.stranger')}</span>
        <span class="row-end">{ago(report.received_at, nowMs.value)}</span>
      </span>
      <span class="mono second clip" title={report.topic}>
        {report.topic}
      </span>
      {report.detail && <span class="second">{report.detail}</span>}
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling region must be reachable by keyboard */}
      <pre class="payload mono" role="region" tabIndex={0} aria-label={name}>
        {report.payload}
      </pre>
    </article>
  );
}
