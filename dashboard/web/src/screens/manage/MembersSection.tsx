/** Everybody of the organisation: searched on the server, opened in a drawer. */
import { UserPlus } from 'lucide';
import { useState } from 'preact/hooks';
import { findMembers, type MemberRow } from '../../api/organisation';
import { Button } from '../../design/Button';
import { Empty } from '../../design/Feedback';
import { Select } from '../../design/Field';
import { Page } from '../../design/Page';
import { Pager } from '../../design/Pager';
import { SearchField } from '../../design/SearchField';
import { Table } from '../../design/Table';
import { t, titled } from '../../i18n';
import { useFetched } from '../../state/async';
import { useKept } from '../../state/kept';
import { rosterVersion } from '../../state/live';
import { itemId, openItem } from '../../state/place';
import { can, me } from '../../state/session';
import { UnitFilter, unitFilter } from './forms/UnitFilter';
import { memberColumns } from './members/columns';
import { MemberDrawer } from './members/MemberDrawer';

const PAGE = 50;

export function MembersSection() {
  const [q, setQ] = useState('');
  const [role, setRole] = useState('');
  const [offset, setOffset] = useState(0);
  const unit = unitFilter.value;
  const from = (change: () => void) => {
    setOffset(0);
    change();
  };
  const query = { q, unit, role: role || null, limit: PAGE, offset };
  const { value, error, reload } = useFetched(JSON.stringify(query), () => findMembers(query));
  const page = useKept(value);
  const open = itemId.value;
  rosterVersion.value; // presence is live
  return (
    <Page
      title={t('section.members')}
      note={t('section.members.note')}
      tools={
        can('administrator') && (
          <Button icon={UserPlus} look="main" onClick={() => openItem('new')} testId="add-member">
            {t('members.add')}
          </Button>
        )
      }
      filters={
        <>
          <SearchField label={t('members.find')} onSearch={(text) => from(() => setQ(text))} />
          <UnitFilter onChange={() => setOffset(0)} />
          <Select
            bare
            name="members-role"
            label={t('members.role')}
            value={role}
            onValue={(value) => from(() => setRole(value))}
            options={[
              ['', t('members.anyrole')],
              ...(me.value?.roles ?? []).map((each) => [each.code, titled(each)] as const),
            ]}
          />
        </>
      }
      foot={
        page && (
          <Pager
            total={page.total}
            isCapped={page.is_capped}
            limit={PAGE}
            offset={offset}
            onOffset={setOffset}
          />
        )
      }
    >
      <Table<MemberRow>
        label={t('section.members')}
        columns={memberColumns()}
        rows={page?.members ?? null}
        keyOf={(member) => member.id}
        error={error}
        onRetry={reload}
        chosen={Number(open) || null}
        onChoose={(member) => openItem(member.id)}
        empty={<Nobody isFiltered={q !== '' || role !== '' || unit !== null} />}
      />
      {open && <MemberDrawer key={open} item={open} onChanged={reload} />}
    </Page>
  );
}

function Nobody({ isFiltered }: { isFiltered: boolean }) {
  if (isFiltered) return <Empty title={t('members.nomatch')}>{t('members.nomatch.how')}</Empty>;
  return <Empty title={t('section.members.none')}>{t('section.members.how')}</Empty>;
}
