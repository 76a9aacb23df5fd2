/** Alerts of the account's subtree, newest first; reloaded when the live channel says that one changed. */
import { computed, signal } from '@preact/signals';
import { getAlerts } from '../api/client';
import type { Alert } from '../api/types';

export const alerts = signal<readonly Alert[] | null>(null);
export const alertsError = signal<unknown>(null);
export const alertsVersion = signal(0); // counts up with each reload: open details follow it

/** Drills are an exercise apart: what counts real warnings never counts them. */
export type Which = 'real' | 'drills' | 'all';
export const which = signal<Which>('real');

const isOf: Readonly<Record<Which, (alert: Alert) => boolean>> = {
  real: (alert) => !alert.is_drill,
  drills: (alert) => alert.is_drill,
  all: () => true,
};
export const only = (wanted: Which, list: readonly Alert[]): Alert[] => list.filter(isOf[wanted]);

const issued = computed(() => (alerts.value ?? []).filter((alert) => alert.state === 'issued'));
/** Real warnings alone: the bar counts them. */
export const inForce = computed(() => only('real', issued.value));
/** What the map shows while none is open: drills when their list is looked at. */
export const shownInForce = computed(() => only(which.value, issued.value));

let isLoading = false;
let isStale = false;

/** Calls that come while one is under way end in one more, not in a queue. */
export async function loadAlerts(): Promise<void> {
  if (isLoading) {
    isStale = true;
    return;
  }
  isLoading = true;
  alertsError.value = null;
  try {
    alerts.value = (await getAlerts({ limit: 200 })).alerts;
  } catch (error) {
    alertsError.value = error;
  }
  isLoading = false;
  alertsVersion.value++;
  if (isStale) {
    isStale = false;
    await loadAlerts();
  }
}
