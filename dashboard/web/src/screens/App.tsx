/** Which frame: log-in, desk or phone; and what runs while somebody is logged in. */
import { useEffect } from 'preact/hooks';
import { Failure, Skeleton } from '../design/Feedback';
import { Toasts } from '../design/Toast';
import { t } from '../i18n';
import { loadAlerts } from '../state/alerts';
import { startCases } from '../state/cases';
import { startClock } from '../state/clock';
import { loadEmergencies, startAlarm } from '../state/emergencies';
import { isPhone } from '../state/frame';
import { growOlder, startLive, stopLive, watch } from '../state/live';
import { forgetOutline } from '../state/outline';
import { forgetPeople } from '../state/people';
import { me, resume, startError } from '../state/session';
import { chosenUnit, loadUnits } from '../state/units';
import { FirstPassword } from './account/FirstPassword';
import { Desk } from './Desk';
import { Help } from './Help';
import { useKeys } from './keys';
import { Login } from './Login';
import { Phone } from './Phone';

const UNITS_EVERY_MS = 30_000; // numbers on duty in the tree

export function App() {
  useEffect(() => void resume(), []);
  if (startError.value)
    return <Failure what={t('start')} error={startError.value} onRetry={() => void resume()} />;
  if (me.value === undefined) return <Skeleton label={t('start')} />;
  return (
    <>
      <Entrance />
      <Toasts />
    </>
  );
}

function Entrance() {
  if (!me.value) return <Login />;
  if (me.value.account.must_change_password) return <FirstPassword />;
  return <Inside key={me.value.account.id} />;
}

function Inside() {
  useKeys();
  useEffect(() => {
    void loadUnits();
    void loadEmergencies();
    void loadAlerts();
    startLive();
    const stopClock = startClock(growOlder);
    const stopAlarm = startAlarm();
    const stopCases = startCases();
    const refresh = setInterval(() => void loadUnits(), UNITS_EVERY_MS);
    return () => {
      clearInterval(refresh);
      stopAlarm();
      stopCases();
      stopClock();
      stopLive();
      forgetPeople();
      forgetOutline();
    };
  }, []);
  const unit = chosenUnit.value?.id;
  useEffect(() => {
    if (unit !== undefined) watch(unit);
  }, [unit]);
  return (
    <>
      {isPhone.value ? <Phone /> : <Desk />}
      <Help />
    </>
  );
}
