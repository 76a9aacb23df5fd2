/** Which roles a grid should have and how many of each; and where somebody is missing. */
import { Plus } from 'lucide';
import { useState } from 'preact/hooks';
import { getRoleSets, type RoleSet } from '../../api/organisation';
import { Button } from '../../design/Button';
import { Empty } from '../../design/Feedback';
import { Page } from '../../design/Page';
import { type Column, Table } from '../../design/Table';
import { Tabs } from '../../design/Tabs';
import { number, t, titled } from '../../i18n';
import { useFetched } from '../../state/async';
import { itemId, openItem } from '../../state/place';
import { isTopAdministrator, roleName } from '../../state/session';
import { wanted } from '../../state/staffing';
import { Gaps } from './rolesets/Gaps';
import { LevelsAndRoles } from './rolesets/LevelsAndRoles';
import { RoleSetForm } from './rolesets/RoleSetForm';

const NEW = 'new';

export function RoleSetsSection() {
  const [tab, setTab] = useState<'sets' | 'gaps' | 'levels'>('sets');
  const { value, error, reload } = useFetched('role-sets', getRoleSets);
  const sets = value?.role_sets ?? null;
  const open = itemId.value;
  const opened = sets?.find(({ code }) => code === open);
  return (
    <Page
      title={t('section.role-sets')}
      note={t('section.role-sets.note')}
      tools={
        tab !== 'levels' &&
        isTopAdministrator() && (
          <Button icon={Plus} look="main" onClick={() => openItem(NEW)}>
            {t('rolesets.add')}
          </Button>
        )
      }
    >
      <Tabs
        label={t('section.role-sets')}
        tabs={[
          ['sets', t('section.role-sets')],
          ['gaps', t('rolesets.gaps')],
          ...(isTopAdministrator() ? ([['levels', t('rolesets.levels')]] as const) : []),
        ]}
        chosen={tab}
        onChoose={setTab}
      />
      {tab === 'gaps' && <Gaps sets={sets ?? []} />}
      {tab === 'levels' && <LevelsAndRoles sets={sets ?? []} />}
      {tab === 'sets' && (
        <Table<RoleSet>
          label={t('section.role-sets')}
          columns={columns()}
          rows={sets}
          keyOf={(set) => set.code}
          error={error}
          onRetry={reload}
          chosen={open}
          onChoose={(set) => openItem(set.code)}
          empty={<Empty title={t('section.role-sets.none')}>{t('section.role-sets.how')}</Empty>}
        />
      )}
      {(open === NEW || opened) && (
        <RoleSetForm
          key={open}
          set={opened ?? null}
          onClose={() => openItem(null)}
          onChanged={() => {
            reload();
            openItem(null);
          }}
        />
      )}
    </Page>
  );
}

const columns = (): readonly Column<RoleSet>[] => [
  {
    name: 'name',
    label: t('organisation.name'),
    width: '22%',
    cell: (set) => <strong>{titled(set)}</strong>,
  },
  { name: 'posts', label: t('rolesets.posts'), cell: (set) => <Posts set={set} /> },
  {
    name: 'units',
    label: t('rolesets.units'),
    width: '12%',
    end: true,
    cell: ({ units }) => (units === undefined ? '–' : number(units)),
  },
];

function Posts({ set }: { set: RoleSet }) {
  return (
    <span class="posts">
      {set.posts.map(({ role, least, most }) => (
        <span key={role} class="post">
          {roleName(role)} <span class="num second">{wanted(least, most)}</span>
        </span>
      ))}
    </span>
  );
}
