import { t } from '../i18n';
import { CityMap } from '../map/CityMap';
import { hand } from '../state/outline';
import { panel, section } from '../state/place';
import { units } from '../state/units';
import { Alarm } from './Alarm';
import { SecondFactorNotice } from './account/SecondFactorNotice';
import { Bar } from './Bar';
import { isTreeShown } from './keys';
import { Legend } from './Legend';
import { MapNotice } from './MapNotice';
import { Manage } from './manage/Manage';
import { ShadeLegend } from './ShadeLegend';
import { Side } from './Side';
import { UnitTree } from './UnitTree';

export function Desk() {
  const isOpen = panel.value !== null;
  const name = section.value;
  const classes = [
    'desk',
    isOpen && 'desk-open',
    panel.value === 'ingest' && 'desk-whole',
    !isTreeShown.value && 'desk-folded',
    name && 'desk-managing',
    hand.value !== 'off' && 'desk-drawing',
  ].filter(Boolean);
  return (
    <div class={classes.join(' ')}>
      <Bar />
      <div class="desk-alarm">
        <Alarm />
        <SecondFactorNotice />
      </div>
      {name ? <Manage name={name} /> : <TreeAndMap />}
      {isOpen && (
        <aside class="desk-side" aria-label={t('panel')}>
          <Side />
        </aside>
      )}
    </div>
  );
}

function TreeAndMap() {
  return (
    <>
      <nav class="desk-tree" aria-label={t('tree')}>
        <UnitTree />
      </nav>
      <main class="desk-map">
        {units.value && <CityMap />}
        <Legend />
        <ShadeLegend />
        <MapNotice />
      </main>
    </>
  );
}
