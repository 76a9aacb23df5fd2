import { useEffect } from 'preact/hooks';
import { PresenceMark } from '../design/Presence';
import { ago, number, t } from '../i18n';
import { PRESENCE_NAMES } from '../live/presence';
import { nowMs } from '../state/clock';
import { roster } from '../state/live';
import { learnMember, people } from '../state/people';
import { roleName } from '../state/session';
import { hovered } from './hovered';

const ASK_AFTER_MS = 120; // a pointer that only passes by asks nothing

/** Under the pointer: name, role, age of the fix, accuracy. */
export function HoverCard() {
  const under = hovered.value;
  const id = under?.member ?? null;
  useEffect(() => {
    if (id === null) return;
    const timer = setTimeout(() => void learnMember(id), ASK_AFTER_MS);
    return () => clearTimeout(timer);
  }, [id]);
  const row = id === null ? undefined : roster.row(id);
  if (!under || id === null || row === undefined) return null;
  const person = people.value.get(id);
  const accuracy = person?.last?.accuracy_m;
  return (
    <div class="hover-card" style={under.at}>
      <span class="line">
        <PresenceMark state={PRESENCE_NAMES[roster.presence(row)] ?? 'offline'} sos={roster.isSos(row)} />
        <strong>{person?.name ?? '…'}</strong>
        <span class="second">{roleName(person?.role ?? null)}</span>
      </span>
      <span class="second num">
        {ago(roster.receivedS[row]! * 1000, nowMs.value)}
        {accuracy != null && ` · ±${number(accuracy)} m`}
        {roster.batteryPct[row]! >= 0 && ` · ${t('battery')} ${roster.batteryPct[row]} %`}
      </span>
    </div>
  );
}
