/** Alerts of the account's subtree, newest first; reloaded when the live channel says that one changed. */
import { computed, signal } from '@preact/signals';
import { getAlerts } from '../api/client';
import type { Alert } from '../api/types';

export const alerts = signal<readonly Alert[] | null>(null);
export const alertsError = signal<unknown>(null);
export const alertsVersion = signal(0); // counts up with each reload: open details follow it

export const inForce = computed(() => (alerts.value ?? []).filter((alert) => alert.state === 'issued'));

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
