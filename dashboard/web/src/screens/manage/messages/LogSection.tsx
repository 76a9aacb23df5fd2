/** The log: every attempt to send, with the provider's words; nothing is ever taken out of it. */
import { useState } from 'preact/hooks';
import { type Attempt, attemptsFile, getAttempts, type LogQuery } from '../../../api/messages';
import { Badge, type Tone } from '../../../design/Badge';
import { Empty } from '../../../design/Feedback';
import { Select } from '../../../design/Field';
import { Page } from '../../../design/Page';
import { SearchField } from '../../../design/SearchField';
import { type Column, Table } from '../../../design/Table';
import { t, time, tWord } from '../../../i18n';
import { nowMs } from '../../../state/clock';
import { usePages } from '../../../state/pages';
import { itemId, openItem } from '../../../state/place';
import { periodOf } from '../audit/sentence';
import { UnitFilter, unitFilter } from '../forms/UnitFilter';
import { DeliveryDrawer } from './DeliveryDrawer';
import { CsvLink, ListFoot, ListTrouble, PeriodFilter } from './listing';
import { kindName, phoneOf, readerOf } from './words';

const OUTCOMES = [
  'accepted',
  'confirmed',
  'deferred',
  'refused',
  'lost',
  'unanswered',
  'lease_lost',
  'superseded',
  'timed_out',
] as const;
const GOOD: readonly string[] = ['accepted', 'confirmed'];
const BAD: readonly string[] = ['refused', 'lost'];
const toneOf = (outcome: string): Tone =>
  GOOD.includes(outcome) ? 'good' : BAD.includes(outcome) ? 'bad' : 'warn';

const EVERY_MS = 10_000;
const NO_FILTERS = { q: '', provider: '', outcome: '', from: '', to: '' };

export function LogSection() {
  const [filters, setFilters] = useState(NO_FILTERS);
  const set = (change: Partial<typeof NO_FILTERS>) => setFilters((before) => ({ ...before, ...change }));
  const query: LogQuery = { ...filters, unit: unitFilter.value, ...periodOf(filters.from, filters.to) };
  const ask = async (before: string | null) => {
    const { attempts, next } = await getAttempts(query, before);
    return { rows: attempts, next };
  };
  const pages = usePages<Attempt, string>(JSON.stringify(query), ask, EVERY_MS);
  const open = itemId.value;
  return (
    <Page
      title={t('section.sms-log')}
      note={t('section.sms-log.note')}
      tools={<CsvLink href={attemptsFile(query)} file="message-log.csv" />}
      filters={
        <>
          <SearchField label={t('sms.find.number')} onSearch={(q) => set({ q })} />
          <SearchField
            id="log-provider"
            label={t('sms.provider')}
            onSearch={(provider) => set({ provider })}
          />
          <Select
            bare
            name="log-outcome"
            label={t('sms.outcome')}
            value={filters.outcome}
            onValue={(outcome) => set({ outcome })}
            options={[
              ['', t('sms.outcome.any')],
              ...OUTCOMES.map((each) => [each, tWord('sms.outcome', each)] as const),
            ]}
          />
          <UnitFilter />
          <PeriodFilter name="log" from={filters.from} to={filters.to} onChange={set} />
        </>
      }
      foot={pages.rows && <ListFoot pages={pages} />}
    >
      <ListTrouble pages={pages} />
      <Table<Attempt>
        isFixed
        label={t('section.sms-log')}
        columns={columns()}
        rows={pages.rows}
        keyOf={(row) => `${row.delivery}-${row.attempt}-${row.outcome}`}
        error={pages.error}
        onRetry={pages.reload}
        onChoose={(row) => openItem(row.delivery)}
        empty={<Empty title={t('section.sms-log.none')}>{t('section.sms-log.how')}</Empty>}
      />
      {open && <DeliveryDrawer key={open} id={Number(open)} />}
    </Page>
  );
}

const columns = (): readonly Column<Attempt>[] => [
  {
    name: 'at',
    label: t('sms.at'),
    width: '15%',
    cell: (row) => <time class="num">{time(row.at, nowMs.value)}</time>,
  },
  { name: 'reader', label: t('sms.reader'), width: '14%', cell: (row) => <strong>{readerOf(row)}</strong> },
  { name: 'address', label: t('sms.address'), width: '16%', cell: (row) => phoneOf(row.address) || '–' },
  { name: 'kind', label: t('sms.kind'), width: '10%', cell: (row) => kindName(row.kind) },
  { name: 'provider', label: t('sms.provider'), width: '10%', cell: (row) => row.provider },
  {
    name: 'outcome',
    label: t('sms.outcome'),
    width: '12%',
    cell: (row) => <Badge tone={toneOf(row.outcome)}>{tWord('sms.outcome', row.outcome)}</Badge>,
  },
  {
    name: 'words',
    label: t('sms.words'),
    cell: (row) => <span class="clip">{row.detail || <span class="quiet">–</span>}</span>,
  },
  {
    name: 'attempt',
    label: t('sms.attempt'),
    width: '7%',
    end: true,
    isNamed: true,
    cell: (row) => String(row.attempt),
  },
];
