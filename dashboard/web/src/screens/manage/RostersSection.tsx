/** Shifts and patterns of units: the list, one roster with its calendar, and who is on duty now. */
import { Plus } from 'lucide';
import { useState } from 'preact/hooks';
import { getRosters, type Roster } from '../../api/duty';
import { Button } from '../../design/Button';
import { Empty } from '../../design/Feedback';
import { Page } from '../../design/Page';
import { Pager } from '../../design/Pager';
import { type Column, Table } from '../../design/Table';
import { Tabs } from '../../design/Tabs';
import { day, named, number, t } from '../../i18n';
import { useFetched } from '../../state/async';
import { useKept } from '../../state/kept';
import { PAGE, useOffset } from '../../state/offset';
import { itemId, openItem } from '../../state/place';
import { can } from '../../state/session';
import { UnitFilter, unitFilter } from './forms/UnitFilter';
import { DutyNow } from './rosters/DutyNow';
import { Exceptions } from './rosters/Exceptions';
import { RosterPage } from './rosters/RosterPage';

export function RostersSection() {
  const open = itemId.value;
  if (open) return <RosterPage key={open} item={open} />;
  return <RosterList />;
}

function RosterList() {
  const [tab, setTab] = useState<'rosters' | 'now' | 'exceptions'>('rosters');
  const unit = unitFilter.value;
  const [offset, setOffset] = useOffset(String(unit));
  const { value, error, reload } = useFetched(`rosters ${unit} ${offset}`, () =>
    getRosters({ unit, limit: PAGE, offset }),
  );
  const kept = useKept(value);
  return (
    <Page
      title={t('section.rosters')}
      note={t('section.rosters.note')}
      tools={
        can('administrator') && (
          <Button icon={Plus} look="main" onClick={() => openItem('new')} testId="add-roster">
            {t('rosters.add')}
          </Button>
        )
      }
      filters={<UnitFilter />}
      foot={
        tab === 'rosters' &&
        kept && <Pager total={kept.total} limit={PAGE} offset={offset} onOffset={setOffset} />
      }
    >
      <Tabs
        label={t('section.rosters')}
        tabs={[
          ['rosters', t('rosters.list')],
          ['now', t('rosters.now')],
          ['exceptions', t('rosters.exceptions')],
        ]}
        chosen={tab}
        onChoose={setTab}
      />
      {tab === 'now' && <DutyNow />}
      {tab === 'exceptions' && <Exceptions />}
      {tab === 'rosters' && (
        <Table<Roster>
          label={t('section.rosters')}
          columns={columns()}
          rows={kept?.rosters ?? null}
          keyOf={(roster) => roster.id}
          error={error}
          onRetry={reload}
          onChoose={(roster) => openItem(roster.id)}
          empty={<Empty title={t('section.rosters.none')}>{t('section.rosters.how')}</Empty>}
        />
      )}
    </Page>
  );
}

const columns = (): readonly Column<Roster>[] => [
  {
    name: 'name',
    label: t('organisation.name'),
    width: '30%',
    cell: (roster) => <strong>{roster.name}</strong>,
  },
  { name: 'unit', label: t('unit'), cell: ({ unit }) => named(unit) },
  {
    name: 'cycle',
    label: t('rosters.cycle'),
    width: '16%',
    cell: ({ cycle_days }) => t('rosters.days', { count: cycle_days }),
  },
  {
    name: 'anchor',
    label: t('rosters.anchor'),
    width: '18%',
    cell: ({ anchor }) => <span class="num">{day(anchor)}</span>,
  },
  {
    name: 'size',
    label: t('teams.size'),
    width: '8%',
    end: true,
    cell: ({ size }) => (size === undefined ? '–' : number(size)),
  },
];
