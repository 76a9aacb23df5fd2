/** Under the pointer, while grids are shaded: whose numbers the colour stands for. */
import { named, number, t } from '../i18n';
import { shown } from '../state/reach';
import { unitsById } from '../state/units';
import { hovered, hoveredGrid } from './hovered';

export function ShadeCard() {
  const under = hoveredGrid.value;
  const unit = under && unitsById.value.get(under.unit);
  const now = shown.value;
  if (!unit || !now || hovered.value) return null; // a person's card is nearer
  const found = now.tallies.get(unit.id);
  return (
    <div class="hover-card" style={under.at} data-testid="shade-card">
      <strong>{named(unit)}</strong>
      {!found && <span class="second">{t('shade.nobody')}</span>}
      {found && now.kind === 'preview' && (
        <span class="second num">{t('shade.would', { count: found.audience })}</span>
      )}
      {found && now.kind === 'reach' && (
        <>
          <span class="num">
            {t('shade.confirmed', {
              share: number((100 * found.acknowledged) / Math.max(1, found.audience)),
              acknowledged: number(found.acknowledged),
              audience: number(found.audience),
            })}
          </span>
          <span class="second num">
            {t('shade.more', {
              told: number(found.told),
              delivered: number(found.delivered),
              failed: number(found.failed),
            })}
          </span>
        </>
      )}
    </div>
  );
}
