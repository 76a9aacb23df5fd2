/** The unit a list is narrowed to. It is the one of the address bar, so that it stays from section to section. */
import { computed } from '@preact/signals';
import { t } from '../../../i18n';
import { go, place } from '../../../state/place';
import { me } from '../../../state/session';
import { UnitPicker } from '../UnitPicker';

/** null: all that the account sees. */
export const unitFilter = computed<number | null>(() =>
  place.value.unit === me.value?.unit.id ? null : place.value.unit,
);

export function UnitFilter({ onChange }: { onChange?: () => void }) {
  return (
    <div class="unit-filter">
      <UnitPicker
        name="unit-filter"
        label={t('filter.unit')}
        isOptional
        placeholder={t('filter.all')}
        value={unitFilter.value}
        onValue={(unit) => {
          go({ unit });
          onChange?.();
        }}
      />
    </div>
  );
}
