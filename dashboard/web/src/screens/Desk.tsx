import { t } from '../i18n';
import { CityMap } from '../map/CityMap';
import { panel } from '../state/place';
import { units } from '../state/units';
import { Alarm } from './Alarm';
import { Bar } from './Bar';
import { isTreeShown } from './keys';
import { Legend } from './Legend';
import { MapNotice } from './MapNotice';
import { Side } from './Side';
import { UnitTree } from './UnitTree';

export function Desk() {
  const isOpen = panel.value !== null;
  const classes = ['desk', isOpen && 'desk-open', !isTreeShown.value && 'desk-folded'].filter(Boolean);
  return (
    <div class={classes.join(' ')}>
      <Bar />
      <div class="desk-alarm">
        <Alarm />
      </div>
      <nav class="desk-tree" aria-label={t('tree')}>
        <UnitTree />
      </nav>
      <main class="desk-map">
        {units.value && <CityMap />}
        <Legend />
        <MapNotice />
      </main>
      {isOpen && (
        <aside class="desk-side" aria-label={t('panel')}>
          <Side />
        </aside>
      )}
    </div>
  );
}
