/** Who is on duty at this moment, by roster, or by being on-line where there is none. */
import { getOnDuty, type OnDuty } from '../../../api/duty';
import { Empty } from '../../../design/Feedback';
import { Pager } from '../../../design/Pager';
import { PresenceMark } from '../../../design/Presence';
import { type Column, Table } from '../../../design/Table';
import { named, t, time } from '../../../i18n';
import { useFetched } from '../../../state/async';
import { nowMs } from '../../../state/clock';
import { useKept } from '../../../state/kept';
import { PAGE, useOffset } from '../../../state/offset';
import { openMember } from '../../../state/place';
import { me } from '../../../state/session';
import { unitFilter } from '../forms/UnitFilter';

const REFRESH_MS = 30_000;

export function DutyNow() {
  const unit = unitFilter.value ?? me.value?.unit.id ?? 0;
  const [offset, setOffset] = useOffset(String(unit));
  const { value, error, reload } = useFetched(
    `duty ${unit} ${offset}`,
    () => getOnDuty({ unit, limit: PAGE, offset }),
    REFRESH_MS,
  );
  const kept = useKept(value);
  return (
    <>
      <Table<OnDuty>
        label={t('rosters.now')}
        columns={columns()}
        rows={kept?.on_duty ?? null}
        keyOf={(each) => `${each.member.id} ${each.roster?.id ?? ''} ${each.shift ?? ''}`}
        error={error}
        onRetry={reload}
        onChoose={({ member }) => openMember(member.id)}
        empty={<Empty title={t('rosters.now.none')}>{t('section.rosters.how')}</Empty>}
      />
      {kept && (
        <footer class="page-foot">
          <span class="second num">
            {t('rosters.now.count', { count: kept.total, at: time(kept.at, nowMs.value) })}
          </span>
          <Pager total={kept.total} limit={PAGE} offset={offset} onOffset={setOffset} />
        </footer>
      )}
    </>
  );
}

const quiet = (text: string) => <span class="quiet">{text}</span>;

const columns = (): readonly Column<OnDuty>[] => [
  {
    name: 'name',
    label: t('members.name'),
    width: '20%',
    cell: ({ member, is_online }) => (
      <span class="line">
        <PresenceMark state={is_online ? 'fresh' : 'offline'} /> <strong>{member.name}</strong>
      </span>
    ),
  },
  { name: 'unit', label: t('unit'), cell: ({ unit }) => (unit ? named(unit) : quiet('–')) },
  {
    name: 'roster',
    label: t('rosters.roster'),
    width: '24%',
    cell: ({ roster }) => roster?.name ?? quiet(t('rosters.byonline')),
  },
  { name: 'shift', label: t('rosters.shift'), width: '14%', cell: ({ shift }) => shift ?? quiet('–') },
  {
    name: 'until',
    label: t('rosters.ends'),
    width: '14%',
    end: true,
    cell: ({ until }) => (until ? time(until, nowMs.value) : quiet('–')),
  },
];
