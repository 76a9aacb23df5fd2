/** Open SOS calls. The worst one takes the top of the screen and sounds until somebody takes it. */
import { computed, effect, signal } from '@preact/signals';
import { closeEmergency, getEmergencies, takeEmergency } from '../api/client';
import type { Emergency } from '../api/types';
import { sayFailed } from '../design/Toast';
import { t } from '../i18n';
import { sound } from './sound';

const SOUND_EVERY_MS = 30_000;

export const emergencies = signal<readonly Emergency[] | null>(null);
export const emergenciesError = signal<unknown>(null);

export const openEmergencies = computed(() =>
  (emergencies.value ?? []).filter((each) => each.closed_at === null),
);
export const untaken = computed(() => openEmergencies.value.filter((each) => each.taken_at === null));

const newestFirst = (a: Emergency, b: Emergency) => Date.parse(b.pressed_at) - Date.parse(a.pressed_at);

export function upsertEmergency(changed: Emergency): void {
  const others = (emergencies.value ?? []).filter((each) => each.id !== changed.id);
  emergencies.value = [changed, ...others].sort(newestFirst);
}

export async function loadEmergencies(): Promise<void> {
  emergenciesError.value = null;
  try {
    emergencies.value = (await getEmergencies(false)).emergencies.toSorted(newestFirst);
  } catch (error) {
    emergenciesError.value = error;
  }
}

export async function take(id: number): Promise<void> {
  try {
    upsertEmergency(await takeEmergency(id));
  } catch (error) {
    sayFailed(t('sos.take'), error);
    void loadEmergencies();
  }
}

export async function close(id: number): Promise<void> {
  try {
    upsertEmergency(await closeEmergency(id));
  } catch (error) {
    sayFailed(t('sos.close'), error);
    void loadEmergencies();
  }
}

const isCalling = computed(() => untaken.value.length > 0);

export function startAlarm(): () => void {
  let timer = 0;
  const stop = effect(() => {
    window.clearInterval(timer);
    if (!isCalling.value) return;
    sound();
    timer = window.setInterval(sound, SOUND_EVERY_MS);
  });
  return () => {
    window.clearInterval(timer);
    stop();
  };
}
