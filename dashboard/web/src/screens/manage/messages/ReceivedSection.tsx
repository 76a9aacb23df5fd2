/** What people wrote to the city: acknowledgements, texts with their places, and who wants no circulars. */
import { useState } from 'preact/hooks';
import {
  getInbound,
  INBOUND_KINDS,
  type Inbound,
  type InboundQuery,
  inboundFile,
} from '../../../api/inbound';
import { Empty } from '../../../design/Feedback';
import { Select } from '../../../design/Field';
import { LevelMark } from '../../../design/LevelMark';
import { Page } from '../../../design/Page';
import { SearchField } from '../../../design/SearchField';
import { type Column, Table } from '../../../design/Table';
import { t, time } from '../../../i18n';
import { nowMs } from '../../../state/clock';
import { usePages } from '../../../state/pages';
import { itemId, openItem } from '../../../state/place';
import { periodOf } from '../audit/sentence';
import { UnitFilter, unitFilter } from '../forms/UnitFilter';
import { InboundDrawer } from './InboundDrawer';
import { InboundBadges, placeOf, writerOf } from './inbound-words';
import { CsvLink, ListFoot, ListTrouble, PeriodFilter } from './listing';
import { phoneOf } from './words';

const EVERY_MS = 10_000;
const NO_FILTERS = { q: '', kind: '', from: '', to: '' };

export function ReceivedSection() {
  const [filters, setFilters] = useState(NO_FILTERS);
  const set = (change: Partial<typeof NO_FILTERS>) => setFilters((before) => ({ ...before, ...change }));
  const { from, to, ...words } = filters;
  const query: InboundQuery = { ...words, unit: unitFilter.value, ...periodOf(from, to) };
  const ask = async (before: number | null) => {
    const { inbound, next } = await getInbound(query, before);
    return { rows: inbound, next };
  };
  const pages = usePages<Inbound, number>(JSON.stringify(query), ask, EVERY_MS);
  const open = itemId.value;
  const isFiltered = unitFilter.value !== null || Object.values(filters).some((value) => value !== '');
  return (
    <Page
      title={t('section.sms-received')}
      note={t('section.sms-received.note')}
      tools={<CsvLink href={inboundFile(query)} file="received.csv" />}
      filters={
        <>
          <SearchField label={t('sms.find')} onSearch={(q) => set({ q })} />
          <Select
            bare
            name="received-kind"
            label={t('sms.kind')}
            value={filters.kind}
            onValue={(kind) => set({ kind })}
            options={[
              ['', t('sms.kind.any')],
              ...INBOUND_KINDS.map((each) => [each, t(`inbound.kind.${each}`)] as const),
            ]}
          />
          <UnitFilter />
          <PeriodFilter name="received" from={from} to={to} onChange={set} />
        </>
      }
      foot={pages.rows && <ListFoot pages={pages} />}
    >
      <ListTrouble pages={pages} />
      <Table<Inbound>
        isFixed
        label={t('section.sms-received')}
        columns={columns()}
        rows={pages.rows}
        keyOf={(row) => row.id}
        error={pages.error}
        onRetry={pages.reload}
        chosen={Number(open) || null}
        onChoose={(row) => openItem(row.id)}
        empty={
          <Empty title={t(isFiltered ? 'sms.nomatch' : 'section.sms-received.none')}>
            <p>{t(isFiltered ? 'sms.nomatch.how' : 'section.sms-received.how')}</p>
          </Empty>
        }
      />
      {open && <InboundDrawer key={open} id={Number(open)} onChanged={pages.reload} />}
    </Page>
  );
}

const columns = (): readonly Column<Inbound>[] => [
  {
    name: 'from',
    label: t('inbound.from'),
    width: '11%',
    cell: (row) => <strong class="clip">{writerOf(row)}</strong>,
  },
  {
    name: 'number',
    label: t('sms.address'),
    width: '15%',
    cell: ({ number }) => <span class="num clip">{phoneOf(number)}</span>,
  },
  { name: 'kind', label: t('sms.kind'), width: '15%', cell: (row) => <InboundBadges row={row} /> },
  {
    name: 'text',
    label: t('sms.text'),
    cell: (row) => (
      <span class="line">
        {row.alert?.level && <LevelMark level={row.alert.level} size={16} />}
        <span class="clip">{row.text}</span>
      </span>
    ),
  },
  {
    name: 'place',
    label: t('inbound.place'),
    width: '16%',
    cell: (row) => <span class="clip">{placeOf(row) || <span class="quiet">–</span>}</span>,
  },
  {
    name: 'gateway',
    label: t('inbound.gateway'),
    width: '8%',
    cell: ({ gateway }) => <span class="clip">{gateway}</span>,
  },
  {
    name: 'at',
    label: t('sms.at'),
    width: '12%',
    end: true,
    cell: (row) => <time class="num">{time(row.at, nowMs.value)}</time>,
  },
];
