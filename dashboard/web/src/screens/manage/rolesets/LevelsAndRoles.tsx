/** What the tree's levels and people's roles are called and how they stand; the whole city's, for its own administrators. */
import { Plus } from 'lucide';
import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';
import { getLevels, getRoles, type LevelRow, type RoleSet } from '../../../api/organisation';
import type { Role } from '../../../api/types';
import { Button } from '../../../design/Button';
import { Empty } from '../../../design/Feedback';
import { type Column, Table } from '../../../design/Table';
import { number, t, titled } from '../../../i18n';
import { useFetched } from '../../../state/async';
import { resume } from '../../../state/session';
import { LevelForm } from './LevelForm';
import { RoleForm } from './RoleForm';

type Open = { kind: 'level'; row: LevelRow | null } | { kind: 'role'; row: Role | null };

export function LevelsAndRoles({ sets }: { sets: readonly RoleSet[] }) {
  const [open, setOpen] = useState<Open | null>(null);
  const levels = useFetched('levels', getLevels);
  const roles = useFetched('roles', getRoles);
  const close = () => setOpen(null);
  const changed = () => {
    close();
    levels.reload();
    roles.reload();
    void resume(); // the names stand everywhere
  };
  return (
    <div class="levels-and-roles">
      <Part
        title={t('levels.all')}
        note={t('levels.how')}
        add={t('levels.add')}
        onAdd={() => setOpen({ kind: 'level', row: null })}
        testId="add-level"
      >
        <Table<LevelRow>
          label={t('levels.all')}
          columns={levelColumns(sets)}
          rows={levels.value?.levels ?? null}
          keyOf={({ code }) => code}
          error={levels.error}
          onRetry={levels.reload}
          chosen={open?.kind === 'level' ? open.row?.code : null}
          onChoose={(row) => setOpen({ kind: 'level', row })}
          empty={<Empty title={t('levels.none')} />}
        />
      </Part>
      <Part
        title={t('roles.all')}
        note={t('roles.how')}
        add={t('roles.add')}
        onAdd={() => setOpen({ kind: 'role', row: null })}
        testId="add-role"
      >
        <Table<Role>
          label={t('roles.all')}
          columns={roleColumns()}
          rows={roles.value?.roles ?? null}
          keyOf={({ code }) => code}
          error={roles.error}
          onRetry={roles.reload}
          chosen={open?.kind === 'role' ? open.row?.code : null}
          onChoose={(row) => setOpen({ kind: 'role', row })}
          empty={<Empty title={t('roles.none')} />}
        />
      </Part>
      {open?.kind === 'level' && (
        <LevelForm
          key={`level ${open.row?.code}`}
          level={open.row}
          sets={sets}
          onClose={close}
          onSaved={changed}
        />
      )}
      {open?.kind === 'role' && (
        <RoleForm key={`role ${open.row?.code}`} role={open.row} onClose={close} onSaved={changed} />
      )}
    </div>
  );
}

interface PartProps {
  title: string;
  note: string;
  add: string;
  onAdd: () => void;
  testId: string;
  children: ComponentChildren;
}

function Part({ title, note, add, onAdd, testId, children }: PartProps) {
  return (
    <section aria-label={title}>
      <header class="page-head">
        <div class="grow">
          <h3 class="panel-title">{title}</h3>
          <p class="second">{note}</p>
        </div>
        <Button icon={Plus} onClick={onAdd} testId={testId}>
          {add}
        </Button>
      </header>
      {children}
    </section>
  );
}

const bold = (row: { name_zh: string; name_en: string }) => <strong>{titled(row)}</strong>;
const mono = ({ code }: { code: string }) => <span class="mono">{code}</span>;

const levelColumns = (sets: readonly RoleSet[]): readonly Column<LevelRow>[] => [
  { name: 'name', label: t('organisation.name'), width: '26%', cell: bold },
  { name: 'code', label: t('unit.code'), width: '18%', cell: mono },
  {
    name: 'set',
    label: t('levels.set'),
    cell: ({ role_set }) => {
      const set = sets.find(({ code }) => code === role_set);
      return set ? titled(set) : <span class="quiet">–</span>;
    },
  },
  {
    name: 'anywhere',
    label: t('levels.anywhere'),
    width: '18%',
    cell: ({ hangs_anywhere }) => t(hangs_anywhere ? 'yes' : 'no'),
  },
  { name: 'rank', label: t('levels.rank'), width: '12%', end: true, cell: ({ rank }) => number(rank) },
];

const roleColumns = (): readonly Column<Role>[] => [
  { name: 'name', label: t('organisation.name'), width: '40%', cell: bold },
  { name: 'code', label: t('unit.code'), width: '30%', cell: mono },
  {
    name: 'leader',
    label: t('roles.leader'),
    cell: ({ is_leader }) => t(is_leader ? 'yes' : 'no'),
  },
];
