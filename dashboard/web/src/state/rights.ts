/** What an account may do, from what the server says of it. */
import type { Account, Right, Rights, Unit } from '../api/types';

/** In the order in which they build on each other, as screens list them. */
export const RIGHTS: readonly Right[] = ['viewer', 'dispatcher', 'issuer', 'approver', 'administrator'];

/** A server that names no rights yet knows issuing only; at the top that includes administration. */
export function rightsOf(account: Account, unit: Unit): Rights {
  if (account.roles) return account.roles;
  const all: Rights = { viewer: unit, dispatcher: unit };
  if (!account.may_issue) return all;
  const issuing: Rights = { ...all, issuer: unit, approver: unit };
  return unit.parent === null ? { ...issuing, administrator: unit } : issuing;
}
