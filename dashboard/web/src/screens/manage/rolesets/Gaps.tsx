/** Which units miss posts of a role set. A row leads to the unit. */
import { useState } from 'preact/hooks';
import { type Gap, getGaps, type RoleSet } from '../../../api/organisation';
import { Empty } from '../../../design/Feedback';
import { Select } from '../../../design/Field';
import { Pager } from '../../../design/Pager';
import { type Column, Table } from '../../../design/Table';
import { named, t, titled } from '../../../i18n';
import { useFetched } from '../../../state/async';
import { useKept } from '../../../state/kept';
import { go } from '../../../state/place';
import { me, roleName } from '../../../state/session';
import { UnitFilter, unitFilter } from '../forms/UnitFilter';
import { unitPath } from '../UnitPicker';

const PAGE = 50;

export function Gaps({ sets }: { sets: readonly RoleSet[] }) {
  const [chosen, setChosen] = useState<string | null>(null);
  const [offset, setOffset] = useState(0);
  const code = chosen ?? mostUsed(sets);
  const unit = unitFilter.value ?? me.value?.unit.id ?? 0;
  const page = { limit: PAGE, offset };
  const { value, error, reload } = useFetched(code === null ? null : `gaps ${code} ${unit} ${offset}`, () =>
    getGaps(code!, unit, page),
  );
  const found = useKept(value);
  if (code === null) return <Empty title={t('section.role-sets.none')}>{t('section.role-sets.how')}</Empty>;
  return (
    <>
      <div class="page-filters gaps-filters">
        <Select
          bare
          name="gaps-set"
          label={t('organisation.roleset')}
          value={code}
          onValue={(next) => {
            setChosen(next);
            setOffset(0);
          }}
          options={sets.map((set) => [set.code, titled(set)] as const)}
        />
        <UnitFilter onChange={() => setOffset(0)} />
        {found && <span class="second num">{t('rolesets.gaps.count', { count: found.total })}</span>}
      </div>
      <Table<Gap>
        label={t('rolesets.gaps')}
        columns={columns()}
        rows={found?.units ?? null}
        keyOf={(gap) => gap.unit.id}
        error={error}
        onRetry={reload}
        onChoose={(gap) => go({ manage: 'organisation', unit: gap.unit.id })}
        empty={<Empty title={t('rolesets.gaps.none')}>{t('rolesets.gaps.none.how')}</Empty>}
      />
      {found && (
        <footer class="page-foot">
          <Pager total={found.total} limit={PAGE} offset={offset} onOffset={setOffset} />
        </footer>
      )}
    </>
  );
}

const mostUsed = (sets: readonly RoleSet[]): string | null =>
  [...sets].sort((a, b) => (b.units ?? 0) - (a.units ?? 0))[0]?.code ?? null;

const columns = (): readonly Column<Gap>[] => [
  {
    name: 'unit',
    label: t('unit'),
    width: '52%',
    cell: ({ unit }) => unitPath(unit.id) || named(unit),
  },
  {
    name: 'missing',
    label: t('rolesets.missing'),
    cell: ({ missing }) => (
      <span class="posts">
        {missing.map(({ role, least, have }) => (
          <span key={role} class="post">
            {roleName(role)} <strong class="num">{t('staffing.of', { have, wanted: String(least) })}</strong>
          </span>
        ))}
      </span>
    ),
  },
];
