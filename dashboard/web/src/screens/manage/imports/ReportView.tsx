/** What an import would do: the verdict, how much of what, and what was found, by weight and kind. */
import { ArrowRight, CircleCheck, CircleX, Info, Wrench } from 'lucide';
import type { ComponentChildren } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { type Change, type Finding, KINDS, type Report, WEIGHTS, type Weight } from '../../../api/imports';
import { Icon } from '../../../design/Icon';
import { number, t } from '../../../i18n';

const ICONS = { error: CircleX, fixed: Wrench, hint: Info } as const;
const MOVES = ['added', 'changed', 'closed'] as const;

interface Props {
  report: Report;
  isDone?: boolean;
  children?: ComponentChildren;
}

export function ReportView({ report, isDone, children }: Props) {
  const changes = KINDS.map((kind) => report.changes.find((change) => change.kind === kind)).filter(
    (change): change is Change => change !== undefined && MOVES.some((move) => change[move] > 0),
  );
  const top = useRef<HTMLElement>(null);
  useEffect(() => {
    if (!isDone) top.current?.scrollIntoView({ block: 'start' });
  }, [isDone]);
  return (
    <section ref={top} class="intake-part" aria-label={t('imports.report')} data-testid="import-report">
      {!isDone && <Verdict report={report} />}
      {changes.length > 0 && <Changes changes={changes} />}
      {children}
      {WEIGHTS.map((weight) => (
        <Found
          key={weight}
          weight={weight}
          findings={report.findings.filter((each) => each.weight === weight)}
        />
      ))}
    </section>
  );
}

function Verdict({ report }: { report: Report }) {
  const text = report.is_empty
    ? t('imports.empty')
    : report.is_applicable
      ? t('imports.applicable')
      : t('imports.broken', { count: report.counts.error });
  return (
    <p class="intake-verdict" data-broken={!report.is_applicable || undefined} role="status">
      <Icon node={report.is_applicable ? CircleCheck : CircleX} size={20} />
      {text}
    </p>
  );
}

function Changes({ changes }: { changes: Change[] }) {
  return (
    <div class="intake-changes">
      {changes.map((change) => (
        <section key={change.kind} class="intake-change" aria-label={t(`imports.kind.${change.kind}`)}>
          <h3 class="section-title">{t(`imports.kind.${change.kind}`)}</h3>
          <dl class="figures">
            {MOVES.map((move) => (
              <div key={move} class="figure" data-none={change[move] === 0 || undefined}>
                <dd class="figure-value num">{number(change[move])}</dd>
                <dt class="figure-name">{nameOf(move, change)}</dt>
              </div>
            ))}
          </dl>
          <Samples change={change} />
        </section>
      ))}
    </div>
  );
}

/** A terminal is not closed by an import: it goes back on the shelf. */
const nameOf = (move: (typeof MOVES)[number], { kind }: Change): string =>
  t(move === 'closed' && kind === 'terminals' ? 'imports.shelved' : `imports.${move}`);

function Samples({ change }: { change: Change }) {
  const lists = [
    ['added', change.added_samples.join(', ')],
    ...change.changed_samples.map((sample) => ['changed', sample]),
    ['closed', change.closed_samples.join(', ')],
  ].filter(([, text]) => text !== '') as ['added' | 'changed' | 'closed', string][];
  return (
    <details>
      <summary>{t('imports.samples')}</summary>
      <ul class="intake-samples">
        {lists.map(([move, text]) => (
          <li key={`${move} ${text}`}>
            <span class="quiet">{nameOf(move, change)}</span> {text}
          </li>
        ))}
      </ul>
    </details>
  );
}

function Found({ weight, findings }: { weight: Weight; findings: Finding[] }) {
  if (findings.length === 0) return null;
  const total = findings.reduce((sum, finding) => sum + finding.count, 0);
  return (
    <section class="intake-found" data-weight={weight} aria-label={t(`imports.weight.${weight}`)}>
      <h3 class="section-title line-wrap">
        <Icon node={ICONS[weight]} />
        {t(`imports.weight.${weight}`)}
        <span class="quiet num">{number(total)}</span>
      </h3>
      {findings.map((finding) => (
        <FindingView key={finding.word} finding={finding} />
      ))}
    </section>
  );
}

function FindingView({ finding }: { finding: Finding }) {
  const more = finding.count - finding.listed.length;
  return (
    <div class="intake-finding">
      <ul class="intake-places">
        {finding.listed.map((each) => (
          <li key={`${each.file} ${each.row} ${each.what}`}>
            <span class="mono second">{each.row === null ? each.file : `${each.file}:${each.row}`}</span>
            <span>{each.what}</span>
          </li>
        ))}
      </ul>
      {more > 0 && <p class="quiet">{t('imports.more', { count: more })}</p>}
      {finding.todo && (
        <p class="intake-todo">
          <Icon node={ArrowRight} />
          {finding.todo}
        </p>
      )}
    </div>
  );
}
