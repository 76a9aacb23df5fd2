/** The form of a unit that is there. */
import { useEffect } from 'preact/hooks';
import { changeUnit, getUnitCard, type RoleSet, type UnitCard } from '../../../api/organisation';
import { Button } from '../../../design/Button';
import { FormError } from '../../../design/FormError';
import { say } from '../../../design/Toast';
import { t } from '../../../i18n';
import { useEditing } from '../../../state/editing';
import { can, levelName } from '../../../state/session';
import { Conflict } from '../forms/Conflict';
import { toChange, toDraft, type UnitDraft } from './draft';
import { UnitFields } from './UnitFields';

interface Props {
  unit: UnitCard;
  roleSets: readonly RoleSet[];
  onDirty: (isDirty: boolean) => void;
  onSaved: () => void;
}

export function UnitForm({ unit, roleSets, onDirty, onSaved }: Props) {
  const editing = useEditing<UnitCard, UnitDraft>({
    thing: unit,
    toDraft,
    send: (draft, change, revision) => changeUnit(unit.id, revision, toChange(draft, change)),
    reload: () => getUnitCard(unit.id),
    onSaved: () => {
      say(t('saved'));
      onSaved();
    },
  });
  const { isDirty, isBusy } = editing;
  useEffect(() => {
    onDirty(isDirty);
    return () => onDirty(false);
  }, [isDirty]);
  const mayChange = can('administrator');
  return (
    <form
      class="unit-form"
      aria-label={t('organisation.form')}
      onSubmit={(event) => {
        event.preventDefault();
        editing.save();
      }}
    >
      <Conflict editing={editing} labels={labels()} show={shown} />
      <fieldset class="group" disabled={!mayChange}>
        <legend class="unseen">{t('organisation.form')}</legend>
        <UnitFields editing={editing} roleSets={roleSets} roleSetOfLevel={unit.role_set_of_level} />
      </fieldset>
      <FormError error={editing.error} />
      {mayChange && (
        <div class="unit-save">
          <Button type="submit" look="main" disabled={!isDirty || isBusy} testId="save-unit">
            {t(isBusy ? 'save.busy' : 'save')}
          </Button>
          {isDirty && <span class="second">{t('organisation.unsaved')}</span>}
        </div>
      )}
    </form>
  );
}

const labels = (): Record<keyof UnitDraft, string> => ({
  name: t('organisation.name'),
  name_en: t('organisation.name_en'),
  code: t('unit.code'),
  level: t('unit.level'),
  role_set: t('organisation.roleset'),
  population: t('card.population'),
  households: t('card.households'),
  buildings: t('card.buildings'),
  free: t('card.free'),
});

function shown(field: keyof UnitDraft, value: unknown): string {
  if (field === 'level') return levelName(String(value));
  if (field === 'free')
    return (value as UnitDraft['free']).map((row) => row.join(': ')).join(t('list.comma')) || '–';
  return String(value || '–');
}
