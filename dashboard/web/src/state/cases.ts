/** Cases of automatic rules, and of people's texts: read again every few seconds, taken and closed like SOS calls. */
import { computed, signal } from '@preact/signals';
import { closeTextCase, getTextCases, takeTextCase } from '../api/inbound';
import { closeCase, getCases, takeCase } from '../api/rules';
import { sayFailed } from '../design/Toast';
import { t } from '../i18n';

const EVERY_MS = 10_000; // a rule looks every minute

interface AnyCase {
  id: number;
  taken_at: string | null;
  ended_at: string | null;
}

type Send<T> = (id: number) => Promise<T>;

/** The cases of one kind, as the server has them. */
function caseList<T extends AnyCase>(
  ask: () => Promise<{ cases: T[] }>,
  sendTake: Send<T>,
  sendClose: Send<T>,
) {
  const list = signal<readonly T[] | null>(null);
  const error = signal<unknown>(null);
  const load = async (): Promise<void> => {
    try {
      list.value = (await ask()).cases;
      error.value = null;
    } catch (failure) {
      error.value = failure;
    }
  };
  const move = async (id: number, what: 'cases.take' | 'cases.close', send: Send<T>): Promise<void> => {
    try {
      const changed = await send(id);
      list.value = (list.value ?? []).map((each) => (each.id === id ? changed : each));
    } catch (failure) {
      sayFailed(t(what), failure);
      void load();
    }
  };
  return {
    list,
    error,
    load,
    take: (id: number) => move(id, 'cases.take', sendTake),
    close: (id: number) => move(id, 'cases.close', sendClose),
  };
}

export const ruleCases = caseList(getCases, takeCase, closeCase);
export const textCases = caseList(getTextCases, takeTextCase, closeTextCase);

const all = computed<readonly AnyCase[]>(() => [
  ...(ruleCases.list.value ?? []),
  ...(textCases.list.value ?? []),
]);
export const openCases = computed(() => all.value.filter((each) => each.ended_at === null));
export const untakenCases = computed(() => openCases.value.filter((each) => each.taken_at === null));

const KINDS = [ruleCases, textCases];

export function startCases(): () => void {
  const load = () => KINDS.forEach((kind) => void kind.load());
  load();
  const timer = setInterval(load, EVERY_MS);
  return () => {
    clearInterval(timer);
    for (const kind of KINDS) kind.list.value = null;
  };
}
