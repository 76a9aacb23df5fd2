import { Check, MapPin, Volume2 } from 'lucide';
import type { Emergency } from '../api/types';
import { Button } from '../design/Button';
import { ago, named, t } from '../i18n';
import { look } from '../map/CityMap';
import { nowMs } from '../state/clock';
import { take, untaken } from '../state/emergencies';
import { openMember, openPanel } from '../state/place';
import { allowSound, isMuted } from '../state/sound';

export function goTo(emergency: Emergency): void {
  if (emergency.member) openMember(emergency.member.id);
  else openPanel('cases');
  if (emergency.lon !== null && emergency.lat !== null) look({ lon: emergency.lon, lat: emergency.lat });
}

/** The newest SOS that nobody has taken, across the top of the screen. */
export function Alarm() {
  const first = untaken.value[0];
  if (!first) return null;
  const more = untaken.value.length - 1;
  return (
    <div class="alarm" role="alert" data-testid="alarm">
      <span class="alarm-sign">SOS</span>
      <div class="alarm-text">
        <p class="alarm-title clip">
          {first.member?.name ?? t('sos.unknown')}
          {first.grid && ` · ${named(first.grid)}`}
        </p>
        <p class="num">
          {t('sos.pressed', { ago: ago(first.pressed_at, nowMs.value) })}
          {first.member?.phone && ` · ${first.member.phone}`}
          {more > 0 && ` · ${t('sos.more', { count: more })}`}
        </p>
      </div>
      {isMuted.value && (
        <Button icon={Volume2} onClick={allowSound}>
          {t('sound.on')}
        </Button>
      )}
      <Button icon={MapPin} onClick={() => goTo(first)}>
        {t('sos.show')}
      </Button>
      <Button look="main" icon={Check} onClick={() => void take(first.id)} testId="take">
        {t('sos.take')} <kbd>⇧ Enter</kbd>
      </Button>
    </div>
  );
}
