/** In which units somebody serves, and as what. One of them is primary: there they are counted. */
import { Plus, Trash2 } from 'lucide';
import { Button, SquareButton } from '../../../design/Button';
import { Select } from '../../../design/Field';
import { t, titled } from '../../../i18n';
import { me } from '../../../state/session';
import { without, withPrimary } from '../../../state/staffing';
import { UnitPicker } from '../UnitPicker';
import type { MemberDraft } from './MemberForm';

type Row = MemberDraft['assignments'][number];

interface Props {
  rows: readonly Row[];
  onRows: (rows: Row[]) => void;
  error: string | null;
}

export function Assignments({ rows, onRows, error }: Props) {
  const put = (at: number, change: Partial<Row>) =>
    onRows(rows.map((row, index) => (index === at ? { ...row, ...change } : row)));
  return (
    <fieldset class="group">
      <legend class="section-title">{t('members.units')}</legend>
      {rows.map((row, at) => (
        <div key={at} class="assignment">
          <UnitPicker
            name={`assignment-unit-${at}`}
            label={t('unit')}
            value={row.unit}
            onValue={(unit) => put(at, { unit })}
          />
          <Select
            name={`assignment-role-${at}`}
            label={t('members.role')}
            value={row.role}
            onValue={(role) => put(at, { role })}
            options={(me.value?.roles ?? []).map((role) => [role.code, titled(role)] as const)}
          />
          <label class="check assignment-primary">
            <input
              type="radio"
              name="assignment-primary"
              checked={row.is_primary}
              onChange={() => onRows(withPrimary(rows, at))}
            />
            {t('members.primary')}
          </label>
          <SquareButton
            icon={Trash2}
            label={t('members.unassign')}
            disabled={rows.length === 1}
            onClick={() => onRows(without(rows, at))}
          />
        </div>
      ))}
      {error && (
        <span class="field-error" role="alert">
          {error}
        </span>
      )}
      <div>
        <Button
          icon={Plus}
          onClick={() => onRows([...rows, { unit: null, role: 'worker', is_primary: rows.length === 0 }])}
        >
          {t('members.assign')}
        </Button>
      </div>
    </fieldset>
  );
}
