/** Cases of automatic rules: read again every few seconds, taken and closed like SOS calls. */
import { computed, signal } from '@preact/signals';
import { closeCase, getCases, type RuleCase, takeCase } from '../api/rules';
import { sayFailed } from '../design/Toast';
import { t } from '../i18n';

const EVERY_MS = 10_000; // a rule looks every minute

export const cases = signal<readonly RuleCase[] | null>(null);
export const casesError = signal<unknown>(null);

export const openCases = computed(() => (cases.value ?? []).filter((each) => each.ended_at === null));
export const untakenCases = computed(() => openCases.value.filter((each) => each.taken_at === null));

export async function loadCases(): Promise<void> {
  try {
    cases.value = (await getCases()).cases;
    casesError.value = null;
  } catch (error) {
    casesError.value = error;
  }
}

async function move(id: number, what: 'cases.take' | 'cases.close', send: typeof takeCase): Promise<void> {
  try {
    const changed = await send(id);
    cases.value = (cases.value ?? []).map((each) => (each.id === id ? changed : each));
  } catch (error) {
    sayFailed(t(what), error);
    void loadCases();
  }
}

export const take = (id: number): Promise<void> => move(id, 'cases.take', takeCase);
export const close = (id: number): Promise<void> => move(id, 'cases.close', closeCase);

export function startCases(): () => void {
  void loadCases();
  const timer = setInterval(() => void loadCases(), EVERY_MS);
  return () => {
    clearInterval(timer);
    cases.value = null;
  };
}
