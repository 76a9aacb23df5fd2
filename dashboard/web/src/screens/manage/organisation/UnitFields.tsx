/** The fields of a unit, the same for a new one: names, place in the organisation, and its card. */
import { Plus, Trash2 } from 'lucide';
import type { RoleSet } from '../../../api/organisation';
import { Button, SquareButton } from '../../../design/Button';
import { Select, TextField } from '../../../design/Field';
import { Section } from '../../../design/Panel';
import { t, titled } from '../../../i18n';
import type { Editing } from '../../../state/editing';
import { me } from '../../../state/session';
import { type CardRow, USUAL_ATTRIBUTES } from '../../../state/staffing';
import type { UnitDraft } from './draft';

interface Props {
  editing: Editing<UnitDraft>;
  roleSets: readonly RoleSet[];
  roleSetOfLevel: string | null;
  prefix?: string; // of the fields' names: two forms may stand on one page
}

export function UnitFields({ editing, roleSets, roleSetOfLevel, prefix = 'unit' }: Props) {
  const { draft, set, errorAt } = editing;
  const ofLevel = roleSets.find(({ code }) => code === roleSetOfLevel);
  return (
    <>
      <div class="pair">
        <TextField
          name={`${prefix}-name`}
          label={t('organisation.name')}
          value={draft.name}
          onValue={(name) => set({ name })}
          error={errorAt('name')}
          required
        />
        <TextField
          name={`${prefix}-name-en`}
          label={t('organisation.name_en')}
          value={draft.name_en}
          onValue={(name_en) => set({ name_en })}
          error={errorAt('name_en')}
        />
        <TextField
          name={`${prefix}-code`}
          label={t('unit.code')}
          value={draft.code}
          onValue={(code) => set({ code })}
          error={errorAt('code')}
          required
        />
        <Select
          name={`${prefix}-level`}
          label={t('unit.level')}
          value={draft.level}
          onValue={(level) => set({ level })}
          error={errorAt('level')}
          options={(me.value?.levels ?? []).map((level) => [level.code, titled(level)] as const)}
        />
        <Select
          name={`${prefix}-role-set`}
          label={t('organisation.roleset')}
          value={draft.role_set}
          onValue={(role_set) => set({ role_set })}
          error={errorAt('role_set')}
          options={[
            [
              '',
              t('organisation.roleset.level', {
                name: ofLevel ? titled(ofLevel) : t('organisation.roleset.none'),
              }),
            ],
            ...roleSets.map((each) => [each.code, titled(each)] as const),
          ]}
        />
      </div>
      <Section title={t('unit.card')}>
        <div class="triple">
          {USUAL_ATTRIBUTES.map((name) => (
            <TextField
              key={name}
              name={`${prefix}-${name}`}
              label={t(`card.${name}`)}
              inputMode="numeric"
              value={draft[name]}
              onValue={(value) => set({ [name]: value })}
            />
          ))}
        </div>
        <FreeRows prefix={prefix} rows={draft.free} onRows={(free) => set({ free })} />
      </Section>
    </>
  );
}

interface FreeProps {
  prefix: string;
  rows: readonly CardRow[];
  onRows: (rows: CardRow[]) => void;
}

/** Whatever else a city keeps on its units' cards: a name and a value each. */
function FreeRows({ prefix, rows, onRows }: FreeProps) {
  const put = (at: number, row: CardRow) => onRows(rows.map((each, index) => (index === at ? row : each)));
  return (
    <>
      {rows.map(([name, value], at) => (
        <div key={at} class="free-row">
          <input
            class="input"
            name={`${prefix}-free-name-${at}`}
            aria-label={t('card.name')}
            placeholder={t('card.name')}
            value={name}
            onInput={(event) => put(at, [event.currentTarget.value, value])}
          />
          <input
            class="input"
            name={`${prefix}-free-value-${at}`}
            aria-label={t('card.value')}
            placeholder={t('card.value')}
            value={value}
            onInput={(event) => put(at, [name, event.currentTarget.value])}
          />
          <SquareButton
            icon={Trash2}
            label={t('card.remove')}
            onClick={() => onRows(rows.filter((_, index) => index !== at))}
          />
        </div>
      ))}
      <div>
        <Button icon={Plus} look="plain" onClick={() => onRows([...rows, ['', '']])}>
          {t('card.add')}
        </Button>
      </div>
    </>
  );
}
