/** On a phone, one thing at a time: the map, the alerts, or me; what is opened lies over it, whole. */

import { signal } from '@preact/signals';
import { ChevronDown, MapPinned, TriangleAlert, UserRound } from 'lucide';
import { Count } from '../design/Badge';
import { Button } from '../design/Button';
import { Empty } from '../design/Feedback';
import { Icon } from '../design/Icon';
import { Panel } from '../design/Panel';
import { named, number, t } from '../i18n';
import { CityMap } from '../map/CityMap';
import { inForce } from '../state/alerts';
import { counts, link } from '../state/live';
import { hand, shownOutline } from '../state/outline';
import { go, type PanelName, panel, section } from '../state/place';
import { chosenUnit, units } from '../state/units';
import { Alarm } from './Alarm';
import { LinkState } from './Bar';
import { MapNotice } from './MapNotice';
import { leaveManage } from './manage/sections';
import { PhoneAlert } from './PhoneAlert';
import { isOfMessages, PhoneMessages } from './PhoneMessages';
import { Side } from './Side';
import { UnitTree } from './UnitTree';

const PHONE_ROW_PX = 44;
const isPicking = signal(false);

const TABS: readonly { name: 'map' | 'alerts' | 'me'; icon: typeof MapPinned; opens: PanelName | null }[] = [
  { name: 'map', icon: MapPinned, opens: null },
  { name: 'alerts', icon: TriangleAlert, opens: 'alerts' },
  { name: 'me', icon: UserRound, opens: 'me' },
];

const OF_ALERTS: readonly (PanelName | null)[] = ['alerts', 'alert', 'compose', 'received', 'message'];
const tabOf = (open: PanelName | null): 'map' | 'alerts' | 'me' => {
  if (open === 'me') return 'me';
  return OF_ALERTS.includes(open) ? 'alerts' : 'map';
};

/** How map and panel share the stage: one over the other, but for what is drawn on the map. */
function stageClass(open: PanelName | null): string {
  if (hand.value !== 'off') return 'phone-stage phone-stage-drawing';
  return open === 'unit' && shownOutline.value ? 'phone-stage phone-stage-split' : 'phone-stage';
}

export function Phone() {
  const open = panel.value;
  const isWriting = open === null && section.value !== null && isOfMessages(section.value);
  return (
    <div class="phone">
      <Alarm />
      <main class={stageClass(open)}>
        {units.value && <CityMap />}
        {!isWriting && (
          <div class="phone-head">
            <UnitButton />
          </div>
        )}
        <MapNotice />
        {open === 'alert' ? <PhoneAlert /> : <Side />}
        {section.value &&
          open === null &&
          (isOfMessages(section.value) ? <PhoneMessages name={section.value} /> : <WantsLarger />)}
        {isPicking.value && <UnitPicker />}
      </main>
      <nav class="phone-tabs" aria-label={t('panels')}>
        {TABS.map(({ name, icon, opens }) => (
          <button
            key={name}
            type="button"
            class="phone-tab"
            aria-current={(isWriting ? 'me' : tabOf(open)) === name ? 'page' : undefined}
            data-testid={`tab-${name}`}
            onClick={() => {
              isPicking.value = false;
              go({ panel: opens, manage: null });
            }}
          >
            <Icon node={icon} size={20} />
            {t(`tab.${name}`)}
            {name === 'alerts' && <Count value={inForce.value.length} />}
          </button>
        ))}
      </nav>
    </div>
  );
}

function WantsLarger() {
  return (
    <Panel title={t('manage')} label={t('manage')} onClose={leaveManage}>
      <Empty title={t('manage.phone')}>
        <p>{t('manage.phone.how')}</p>
        <Button icon={MapPinned} onClick={leaveManage}>
          {t('manage.leave')}
        </Button>
      </Empty>
    </Panel>
  );
}

function UnitButton() {
  const unit = chosenUnit.value;
  const now = counts.value;
  return (
    <button
      type="button"
      class="phone-unit"
      onClick={() => {
        isPicking.value = true;
      }}
    >
      <span class="row-text">
        <strong class="clip">{unit ? named(unit) : ''}</strong>
        <span class="row-more num" data-testid="count-online">
          {now
            ? t('counts.line', {
                online: number(now.online),
                silent: number(now.silent),
                total: number(now.total),
              })
            : t('loading')}
        </span>
      </span>
      <span class={`bar-${link.value}`}>
        <LinkState brief />
      </span>
      <Icon node={ChevronDown} size={20} />
    </button>
  );
}

function UnitPicker() {
  const close = () => {
    isPicking.value = false;
  };
  return (
    <Panel title={t('tree')} label={t('tree')} onClose={close} flush>
      <UnitTree rowPx={PHONE_ROW_PX} onChosen={close} />
    </Panel>
  );
}
