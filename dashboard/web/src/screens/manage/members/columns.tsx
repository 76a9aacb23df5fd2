/** What the list of members shows of each. */
import type { MemberRow } from '../../../api/organisation';
import { PresenceMark } from '../../../design/Presence';
import type { Column } from '../../../design/Table';
import { ago, named, t } from '../../../i18n';
import { nowMs } from '../../../state/clock';
import { roleName } from '../../../state/session';
import { Outside } from '../../Outside';
import { stateOf } from '../../UnitPanel';

const SHOWN_UNITS = 2;

export const memberColumns = (): readonly Column<MemberRow>[] => [
  { name: 'name', label: t('members.name'), width: '16%', cell: (member) => <strong>{member.name}</strong> },
  {
    name: 'code',
    label: t('member.code'),
    width: '11%',
    cell: ({ code }) => <span class="mono">{code}</span>,
  },
  {
    name: 'phone',
    label: t('member.phone'),
    width: '14%',
    cell: ({ phone }) => <span class="num">{phone ?? <span class="quiet">–</span>}</span>,
  },
  { name: 'units', label: t('members.units'), cell: (member) => <Places member={member} /> },
  {
    name: 'terminal',
    label: t('member.terminal'),
    width: '11%',
    cell: ({ terminal }) =>
      terminal ? <span class="mono">{terminal.code}</span> : <span class="quiet">{t('members.none')}</span>,
  },
  { name: 'presence', label: t('members.heard'), width: '14%', cell: (member) => <Heard member={member} /> },
];

function Places({ member }: { member: MemberRow }) {
  const ranked = [...member.assignments].sort((a, b) => Number(b.is_primary) - Number(a.is_primary));
  const more = ranked.length - SHOWN_UNITS;
  return (
    <span class="stack-tight">
      {ranked.slice(0, SHOWN_UNITS).map(({ unit, role }) => (
        <span key={`${unit.id} ${role}`}>
          {named(unit)} <span class="quiet">{roleName(role)}</span>
        </span>
      ))}
      {more > 0 && <span class="quiet">{t('members.moreunits', { count: more })}</span>}
    </span>
  );
}

export function Heard({ member }: { member: Pick<MemberRow, 'id' | 'last' | 'outside_since'> }) {
  const { state, isSos, heard } = stateOf(member);
  return (
    <span class="line-wrap">
      <span class="line">
        <PresenceMark state={state} sos={isSos} />
        <span class="second num">{heard === null ? t('member.never') : ago(heard, nowMs.value)}</span>
      </span>
      <Outside member={member} isShort />
    </span>
  );
}
