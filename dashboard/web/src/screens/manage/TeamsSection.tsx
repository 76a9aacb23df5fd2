/** Work teams: members of several units under a leader, for a task and a time. */
import { Plus } from 'lucide';
import { useState } from 'preact/hooks';
import { getTeams, type Team } from '../../api/duty';
import { Badge } from '../../design/Badge';
import { Button } from '../../design/Button';
import { Empty } from '../../design/Feedback';
import { Page } from '../../design/Page';
import { Pager } from '../../design/Pager';
import { SearchField } from '../../design/SearchField';
import { type Column, Table } from '../../design/Table';
import { Tabs } from '../../design/Tabs';
import { day, named, number, t } from '../../i18n';
import { useFetched } from '../../state/async';
import { useKept } from '../../state/kept';
import { PAGE, useOffset } from '../../state/offset';
import { itemId, openItem } from '../../state/place';
import { can } from '../../state/session';
import { UnitFilter, unitFilter } from './forms/UnitFilter';
import { TeamDrawer } from './teams/TeamDrawer';

type Shown = 'now' | 'all'; // those that have ended are among all

export function TeamsSection() {
  const [shown, setShown] = useState<Shown>('now');
  const unit = unitFilter.value;
  const [q, setQ] = useState('');
  const filters = { q, unit, closed: shown === 'all' ? (1 as const) : null };
  const [offset, setOffset] = useOffset(JSON.stringify(filters));
  const query = { ...filters, limit: PAGE, offset };
  const { value, error, reload } = useFetched(`teams ${JSON.stringify(query)}`, () => getTeams(query));
  const kept = useKept(value);
  const open = itemId.value;
  return (
    <Page
      title={t('section.teams')}
      note={t('section.teams.note')}
      tools={
        can('administrator') && (
          <Button icon={Plus} look="main" onClick={() => openItem('new')} testId="add-team">
            {t('teams.add')}
          </Button>
        )
      }
      filters={
        <>
          <SearchField label={t('teams.find')} onSearch={setQ} />
          <UnitFilter />
        </>
      }
      foot={kept && <Pager total={kept.total} limit={PAGE} offset={offset} onOffset={setOffset} />}
    >
      <Tabs<Shown>
        label={t('section.teams')}
        tabs={[
          ['now', t('teams.now')],
          ['all', t('teams.all')],
        ]}
        chosen={shown}
        onChoose={setShown}
      />
      <Table<Team>
        label={t('section.teams')}
        columns={columns()}
        rows={kept?.teams ?? null}
        keyOf={(team) => team.id}
        error={error}
        onRetry={reload}
        chosen={Number(open) || null}
        onChoose={(team) => openItem(team.id)}
        empty={
          q || unit !== null ? (
            <Empty title={t('teams.nomatch')}>{t('members.nomatch.how')}</Empty>
          ) : (
            <Empty title={t('section.teams.none')}>{t('section.teams.how')}</Empty>
          )
        }
      />
      {open && <TeamDrawer key={open} item={open} onChanged={reload} />}
    </Page>
  );
}

const quiet = (text: string) => <span class="quiet">{text}</span>;

const columns = (): readonly Column<Team>[] => [
  {
    name: 'name',
    label: t('organisation.name'),
    width: '20%',
    cell: (team) => <strong>{team.name}</strong>,
  },
  { name: 'purpose', label: t('teams.purpose'), cell: ({ purpose }) => purpose || quiet('–') },
  {
    name: 'unit',
    label: t('teams.unit'),
    width: '16%',
    cell: ({ unit }) => named(unit),
  },
  {
    name: 'leader',
    label: t('teams.leader'),
    width: '12%',
    cell: ({ leader }) => leader?.name ?? <Badge tone="warn">{t('teams.leaderless')}</Badge>,
  },
  {
    name: 'time',
    label: t('teams.time'),
    width: '18%',
    cell: (team) =>
      team.closed_at ? (
        <Badge>{t('teams.ended', { at: day(team.closed_at) })}</Badge>
      ) : (
        <span class="num">{period(team)}</span>
      ),
  },
  {
    name: 'size',
    label: t('teams.size'),
    width: '8%',
    end: true,
    cell: ({ size }) => (size === undefined ? '–' : number(size)),
  },
];

const period = ({ starts_at, ends_at }: Team): string =>
  ends_at
    ? t('carried.span', { from: day(starts_at), until: day(ends_at) })
    : t('carried.since', { from: day(starts_at) });
