import { useState } from 'preact/hooks';
import { getMembers, getUnit } from '../api/client';
import type { Member } from '../api/types';
import { Empty, Failure, Skeleton } from '../design/Feedback';
import { TextField } from '../design/Field';
import { List } from '../design/List';
import { Facts, Panel } from '../design/Panel';
import { PresenceMark } from '../design/Presence';
import { Tabs } from '../design/Tabs';
import { ago, named, number, t } from '../i18n';
import { PRESENCE_NAMES, type PresenceName } from '../live/presence';
import { useFetched } from '../state/async';
import { nowMs } from '../state/clock';
import { roster, rosterVersion } from '../state/live';
import { know } from '../state/people';
import { openMember, openPanel } from '../state/place';
import { levelName, roleName } from '../state/session';
import { chosenUnit } from '../state/units';
import { Outside } from './Outside';
import { UnitCounts } from './UnitTree';
import { WasHere } from './WasHere';

const MOST_SHOWN = 500;
const ROW_PX = 48;

/** The unit's card and its people; the list is searched on the server, the states are live. */
export function UnitPanel() {
  const unit = chosenUnit.value;
  const [tab, setTab] = useState<'people' | 'card' | 'was'>('people');
  if (!unit) return null;
  return (
    <Panel title={named(unit)} label={t('unit')} onClose={() => openPanel(null)} flush>
      <Tabs
        label={t('unit')}
        tabs={[
          ['people', t('unit.people')],
          ['card', t('unit.card')],
          ['was', t('was')],
        ]}
        chosen={tab}
        onChoose={setTab}
      />
      {tab === 'people' && <People unit={unit.id} />}
      {tab === 'card' && <Card unit={unit.id} />}
      {tab === 'was' && <WasHere unit={unit} />}
    </Panel>
  );
}

export function stateOf(member: Pick<Member, 'id' | 'last'>): {
  state: PresenceName;
  isSos: boolean;
  heard: string | number | null;
} {
  const row = roster.row(member.id);
  if (row === undefined) {
    return { state: member.last?.state ?? 'offline', isSos: false, heard: member.last?.received_at ?? null };
  }
  const receivedS = roster.receivedS[row]!;
  return {
    state: PRESENCE_NAMES[roster.presence(row)] ?? 'offline',
    isSos: roster.isSos(row),
    heard: receivedS === 0 ? null : receivedS * 1000,
  };
}

function People({ unit }: { unit: number }) {
  const [q, setQ] = useState('');
  const { value, error, reload } = useFetched(`people ${unit} ${q}`, async () => {
    const page = await getMembers(unit, { q, limit: MOST_SHOWN });
    know(page.members);
    return page;
  });
  rosterVersion.value;
  return (
    <>
      <div style={{ padding: '12px 16px' }}>
        <TextField name="people" label={t('unit.find')} value={q} onValue={setQ} />
      </div>
      {!value &&
        (error ? (
          <Failure what={t('unit.people')} error={error} onRetry={reload} />
        ) : (
          <Skeleton label={t('unit.people')} />
        ))}
      {value?.total === 0 && (
        <Empty title={q ? t('search.none') : t('unit.nobody')}>{!q && <p>{t('unit.nobody.how')}</p>}</Empty>
      )}
      {value && value.total > 0 && (
        <List label={t('unit.people')} items={value.members} rowPx={ROW_PX} keyOf={(member) => member.id}>
          {(member) => <PersonRow member={member} />}
        </List>
      )}
      {value && value.total > value.members.length && (
        <p class="panel-foot second">{t('unit.more', { shown: value.members.length, total: value.total })}</p>
      )}
    </>
  );
}

function PersonRow({ member }: { member: Member }) {
  const { state, isSos, heard } = stateOf(member);
  return (
    <button type="button" class="row" onClick={() => openMember(member.id)} data-testid="person-row">
      <PresenceMark state={state} sos={isSos} />
      <span class="row-text">
        <span class="row-title clip">{member.name}</span>
        <span class="row-more clip">
          {[roleName(member.role), member.unit && named(member.unit)].filter(Boolean).join(' · ')}
        </span>
      </span>
      <Outside member={member} isShort />
      <span class="row-end">{heard === null ? t('member.never') : ago(heard, nowMs.value)}</span>
    </button>
  );
}

function Card({ unit }: { unit: number }) {
  const { value, error, reload } = useFetched(`unit ${unit}`, () => getUnit(unit));
  if (!value) {
    return error ? (
      <Failure what={t('unit.card')} error={error} onRetry={reload} />
    ) : (
      <Skeleton label={t('unit.card')} />
    );
  }
  const attributes = Object.entries(value.attributes).map(([name, said]) => [name, String(said)] as const);
  return (
    <div class="panel-body stack">
      <UnitCounts />
      <Facts
        rows={[
          [t('unit.level'), levelName(value.level)],
          [t('unit.code'), <span class="mono">{value.code}</span>],
          [t('unit.members'), <span class="num">{number(value.members)}</span>],
          ...attributes,
        ]}
      />
      <h3 class="section-title">{t('unit.leaders')}</h3>
      {value.leaders.length === 0 && <p class="second">{t('unit.noleader')}</p>}
      {value.leaders.map((leader) => (
        <PersonRow key={leader.id} member={leader} />
      ))}
    </div>
  );
}
