/** Leave and exchanges that are not over, of the unit in view; each can be taken back. */
import { Undo2 } from 'lucide';
import { useState } from 'preact/hooks';
import { type DutyException, deleteException, getExceptions } from '../../../api/duty';
import { Button } from '../../../design/Button';
import { Empty } from '../../../design/Feedback';
import { Pager } from '../../../design/Pager';
import { type Column, Table } from '../../../design/Table';
import { say } from '../../../design/Toast';
import { named, t, time } from '../../../i18n';
import { useFetched } from '../../../state/async';
import { nowMs } from '../../../state/clock';
import { useKept } from '../../../state/kept';
import { PAGE, useOffset } from '../../../state/offset';
import { can } from '../../../state/session';
import { Consequence } from '../forms/Consequence';
import { unitFilter } from '../forms/UnitFilter';

export function Exceptions() {
  const unit = unitFilter.value;
  const [offset, setOffset] = useOffset(String(unit));
  const [leaving, setLeaving] = useState<DutyException | null>(null);
  const { value, error, reload } = useFetched(`exceptions ${unit} ${offset}`, () =>
    getExceptions({ unit, limit: PAGE, offset }),
  );
  const kept = useKept(value);
  return (
    <>
      {leaving && (
        <div class="roster-doing">
          <Consequence
            key={keyOf(leaving)}
            title={t('rosters.exception.delete.what', { name: leaving.member.name })}
            does={t('rosters.exception.delete')}
            onLeave={() => setLeaving(null)}
            onDo={() =>
              deleteException(leaving.member.id, leaving.starts_at).then(() => {
                say(t('saved'));
                setLeaving(null);
                reload();
              })
            }
          >
            <p>{t('rosters.exception.delete.how', spanOf(leaving))}</p>
          </Consequence>
        </div>
      )}
      <Table<DutyException>
        label={t('rosters.exceptions')}
        columns={columns(setLeaving)}
        rows={kept?.exceptions ?? null}
        keyOf={keyOf}
        error={error}
        onRetry={reload}
        empty={<Empty title={t('rosters.exceptions.none')}>{t('rosters.exceptions.how')}</Empty>}
      />
      {kept && (
        <footer class="page-foot">
          <Pager total={kept.total} limit={PAGE} offset={offset} onOffset={setOffset} />
        </footer>
      )}
    </>
  );
}

const keyOf = ({ member, starts_at }: DutyException) => `${member.id} ${starts_at}`;
const spanOf = ({ starts_at, ends_at }: DutyException) => ({
  from: time(starts_at, nowMs.value),
  until: time(ends_at, nowMs.value),
});

const columns = (onTakeBack: (exception: DutyException) => void): readonly Column<DutyException>[] => [
  {
    name: 'name',
    label: t('members.name'),
    width: '16%',
    cell: ({ member }) => <strong>{member.name}</strong>,
  },
  { name: 'unit', label: t('unit'), width: '18%', cell: ({ unit }) => named(unit) },
  {
    name: 'kind',
    label: t('rosters.exception.kind'),
    width: '14%',
    cell: ({ is_on }) => t(is_on ? 'rosters.exception.is.call' : 'rosters.exception.is.leave'),
  },
  {
    name: 'span',
    label: t('rosters.hours'),
    width: '26%',
    cell: (exception) => <span class="num">{t('carried.span', spanOf(exception))}</span>,
  },
  { name: 'note', label: t('terminals.note'), cell: ({ note }) => <span class="second">{note}</span> },
  {
    name: 'step',
    label: '',
    width: '130px',
    end: true,
    cell: (exception) =>
      can('administrator') && (
        <Button icon={Undo2} onClick={() => onTakeBack(exception)} testId="take-back">
          {t('rosters.exception.delete')}
        </Button>
      ),
  },
];
