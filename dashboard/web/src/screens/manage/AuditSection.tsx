/** The audit trail: filtered on the server, newest first, more loaded on demand. */
import { ChevronDown, ChevronRight, Download } from 'lucide';
import { useEffect, useState } from 'preact/hooks';
import { type AuditQuery, type AuditRow, auditFile, getAudit } from '../../api/accounts';
import { Button } from '../../design/Button';
import { Empty, explain, Failure, Skeleton } from '../../design/Feedback';
import { Select, TextField } from '../../design/Field';
import { Icon } from '../../design/Icon';
import { Page } from '../../design/Page';
import { Facts } from '../../design/Panel';
import { SearchField } from '../../design/SearchField';
import { named, number, t, time, tWord } from '../../i18n';
import { nowMs } from '../../state/clock';
import { NOUNS, periodOf, sentenceOf } from './audit/sentence';
import { UnitFilter, unitFilter } from './forms/UnitFilter';

const PAGE = 100;

interface Filters {
  account: string;
  action: string;
  subject: string;
  from: string;
  to: string;
}

const NO_FILTERS: Filters = { account: '', action: '', subject: '', from: '', to: '' };

export function AuditSection() {
  const [filters, setFilters] = useState(NO_FILTERS);
  const unit = unitFilter.value;
  const { from, to, action: noun, ...words } = filters;
  const query: AuditQuery = { ...words, action: noun && `${noun}.`, unit, ...periodOf(from, to) };
  const trail = useTrail(query);
  const set = (change: Partial<Filters>) => setFilters((before) => ({ ...before, ...change }));
  const isFiltered = unit !== null || Object.values(filters).some((value) => value !== '');
  return (
    <Page
      title={t('section.audit')}
      note={t('section.audit.note')}
      tools={
        <a class="button button-normal" href={auditFile(query)} download="audit.csv" data-testid="audit-csv">
          <Icon node={Download} />
          {t('audit.csv')}
        </a>
      }
      filters={<FilterRow filters={filters} onChange={set} />}
      foot={
        trail.rows && (
          <>
            <span class="num second" role="status">
              {t(trail.next === null ? 'audit.all' : 'audit.some', { count: trail.rows.length })}
            </span>
            {trail.next !== null && (
              <Button onClick={trail.more} disabled={trail.isBusy} testId="audit-more">
                {t('audit.more')}
              </Button>
            )}
          </>
        )
      }
    >
      <Trail trail={trail} isFiltered={isFiltered} onClear={() => setFilters(NO_FILTERS)} />
    </Page>
  );
}

interface FilterProps {
  filters: Filters;
  onChange: (change: Partial<Filters>) => void;
}

const capital = (text: string) => text.charAt(0).toUpperCase() + text.slice(1);

function FilterRow({ filters, onChange }: FilterProps) {
  return (
    <>
      <SearchField
        id="section-search"
        label={t('audit.whom')}
        onSearch={(subject) => onChange({ subject })}
      />
      <SearchField id="audit-who" label={t('audit.who')} onSearch={(account) => onChange({ account })} />
      <Select
        bare
        name="audit-what"
        label={t('audit.what')}
        value={filters.action}
        onValue={(action) => onChange({ action })}
        options={[
          ['', t('audit.anything')],
          ...NOUNS.map((noun) => [noun, capital(t(`audit.noun.${noun}`))] as const),
        ]}
      />
      <UnitFilter />
      <TextField
        type="date"
        name="audit-from"
        label={t('audit.from')}
        value={filters.from}
        max={filters.to || undefined}
        onValue={(from) => onChange({ from })}
      />
      <TextField
        type="date"
        name="audit-to"
        label={t('audit.to')}
        value={filters.to}
        min={filters.from || undefined}
        onValue={(to) => onChange({ to })}
      />
    </>
  );
}

interface TrailState {
  rows: readonly AuditRow[] | null;
  next: number | null;
  error: unknown;
  isBusy: boolean;
  more: () => void;
  reload: () => void;
}

/** The rows of one question, and older ones behind them; a newer question drops the older answer. */
function useTrail(query: AuditQuery): TrailState {
  const key = JSON.stringify(query);
  const [state, setState] = useState({
    key: '',
    rows: null as readonly AuditRow[] | null,
    next: null as number | null,
  });
  const [error, setError] = useState<unknown>(null);
  const [isBusy, setBusy] = useState(false);
  const [asked, setAsked] = useState(0);

  const load = (before: number | null, isWanted: () => boolean) => {
    setBusy(true);
    setError(null);
    getAudit(query, PAGE, before)
      .then(({ rows, next }) => {
        if (!isWanted()) return;
        setState((old) => ({ key, next, rows: before === null ? rows : [...(old.rows ?? []), ...rows] }));
      })
      .catch((failure) => isWanted() && setError(failure))
      .finally(() => isWanted() && setBusy(false));
  };
  useEffect(() => {
    let isWanted = true;
    load(null, () => isWanted);
    return () => {
      isWanted = false;
    };
  }, [key, asked]);
  return {
    rows: state.rows,
    next: state.key === key ? state.next : null,
    error,
    isBusy,
    more: () => load(state.next, () => true),
    reload: () => setAsked(asked + 1),
  };
}

interface TrailProps {
  trail: TrailState;
  isFiltered: boolean;
  onClear: () => void;
}

function Trail({ trail, isFiltered, onClear }: TrailProps) {
  const { rows, error, reload } = trail;
  if (error && !rows) return <Failure what={t('section.audit')} error={error} onRetry={reload} />;
  if (!rows) return <Skeleton label={t('section.audit')} />;
  if (rows.length === 0) {
    return (
      <Empty title={t('section.audit.none')}>
        <p>{t('section.audit.how')}</p>
        {isFiltered && <Button onClick={onClear}>{t('audit.clear')}</Button>}
      </Empty>
    );
  }
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling region must be reachable by keyboard
    <div class="entries" role="group" aria-label={t('section.audit')} tabIndex={0}>
      {error ? <p class="form-error">{explain(error)}</p> : null}
      <ol>
        {rows.map((row) => (
          <AuditLine key={row.id} row={row} />
        ))}
      </ol>
    </div>
  );
}

function AuditLine({ row }: { row: AuditRow }) {
  const [isOpen, setOpen] = useState(false);
  return (
    <li class="audit-line" data-testid="audit-row">
      <button type="button" class="row" aria-expanded={isOpen} onClick={() => setOpen(!isOpen)}>
        <Icon node={isOpen ? ChevronDown : ChevronRight} />
        <time class="audit-at num second" dateTime={row.at}>
          {time(row.at, nowMs.value)}
        </time>
        <span class="grow">{sentenceOf(row)}</span>
        <span class="row-end">{row.unit ? named(row.unit) : ''}</span>
      </button>
      {isOpen && (
        <div class="audit-detail">
          <Facts
            rows={[
              [t('audit.number'), number(row.id)],
              [t('audit.at'), row.at],
              [t('audit.action'), <code key="action">{row.action}</code>],
              [t('audit.subject'), row.subject],
              row.address ? [t('audit.address'), row.address] : null,
              row.token ? [t('audit.token'), number(row.token)] : null,
              ...Object.entries(row.detail).map(
                ([name, value]) =>
                  [
                    tWord('audit.detail', name),
                    typeof value === 'string' ? value : JSON.stringify(value),
                  ] as const,
              ),
            ]}
          />
        </div>
      )}
    </li>
  );
}
