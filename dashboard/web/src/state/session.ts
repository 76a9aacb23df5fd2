/** Who is logged in. `undefined` until the server was asked, `null` when nobody is. */
import { computed, signal } from '@preact/signals';
import { sendSignOnCode } from '../api/accounts';
import { getMe, logIn, logOut } from '../api/client';
import { ApiError } from '../api/errors';
import type { Me, Named, Right, Role, UnitLevel } from '../api/types';
import { titled } from '../i18n';
import { learnServerTime } from './clock';
import { rightsOf } from './rights';

export const me = signal<Me | null | undefined>(undefined);
export const startError = signal<unknown>(null);

const levelsByCode = computed(
  () => new Map<string, UnitLevel>((me.value?.levels ?? []).map((level) => [level.code, level])),
);
const rolesByCode = computed(
  () => new Map<string, Role>((me.value?.roles ?? []).map((role) => [role.code, role])),
);

export const levelOf = (code: string): UnitLevel | undefined => levelsByCode.value.get(code);
export const levelName = (code: string): string => {
  const level = levelsByCode.value.get(code);
  return level ? titled(level) : code;
};
export const roleName = (code: string | null): string => {
  const role = code === null ? undefined : rolesByCode.value.get(code);
  return role ? titled(role) : (code ?? '');
};
export const roleIsLeader = (code: string | null): boolean =>
  (code !== null && rolesByCode.value.get(code)?.is_leader) || false;

const rights = computed(() => (me.value ? rightsOf(me.value.account, me.value.unit) : {}));
/** Whether the account has a right at all; for which unit, `unitOf` says. The server decides anyway. */
export const can = (right: Right): boolean => rights.value[right] !== undefined;
export const unitOf = (right: Right): Named | null => rights.value[right] ?? null;
/** Whether the account administers the whole city: what all units share is changed by nobody else. */
export const isTopAdministrator = (): boolean =>
  me.value?.unit.parent === null && unitOf('administrator')?.id === me.value.unit.id;

/** Whether the account is of the whole city: only there is seen how ingest does. */
export const isOfTheTop = (): boolean =>
  me.value?.levels.find(({ code }) => code === me.value?.unit.level)?.rank === 0;

function enter(answer: Me): void {
  learnServerTime(Date.parse(answer.server_time));
  me.value = answer;
}

export async function resume(): Promise<void> {
  startError.value = null;
  try {
    enter(await getMe());
  } catch (error) {
    if (error instanceof ApiError && error.kind === 'unauthorised') me.value = null;
    else startError.value = error;
  }
}

export const enterAs = async (name: string, password: string, code?: string): Promise<void> =>
  enter(await logIn(name, password, code));

/** After single sign-on, where the account has a second factor of ours. */
export const enterWithCode = async (code: string): Promise<void> => enter(await sendSignOnCode(code));

export async function leave(): Promise<void> {
  await logOut().catch(() => undefined); // the cookie may be gone already: leaving always works
  me.value = null;
}
