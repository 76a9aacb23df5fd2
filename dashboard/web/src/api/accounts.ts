/** Logging in, one's own account, the accounts of others, and the audit trail. */
import { address, get, post } from './client';
import type { Me, Named, Right, Rights } from './types';

export const getLoginOptions = () => get<{ oidc: { name: string } | null }>('login/options');
export const SINGLE_SIGN_ON = '/api/login/oidc';
export const sendSignOnCode = (code: string) => post<Me>('login/oidc/code', { code });

export interface LoginSession {
  id: string | number;
  created_at: string;
  expires_at: string;
  address: string;
  user_agent: string;
  is_this: boolean;
}

export interface ApiToken {
  id: number;
  name: string;
  roles: Right[];
  created_at: string;
  expires_at: string;
  last_used_at: string | null;
  revoked_at: string | null;
}

export interface TotpOffer {
  secret: string;
  uri: string;
  qr_svg: string;
}

export const changePassword = (before: string, after: string) =>
  post<void>('me/password', { old: before, new: after });
export const offerTotp = () => post<TotpOffer>('me/totp');
export const confirmTotp = (code: string) => post<{ recovery_codes: string[] }>('me/totp/confirm', { code });
export const removeTotp = (password: string, code: string) =>
  post<void>('me/totp/remove', { password, code });
export const getSessions = () => get<{ sessions: LoginSession[] }>('me/sessions');
export const closeSession = (id: LoginSession['id']) => post<void>(`me/sessions/${id}/close`);
export const getTokens = () => get<{ tokens: ApiToken[] }>('me/tokens');
export const makeToken = (token: { name: string; roles: Right[]; expires_at: string }) =>
  post<ApiToken & { token: string }>('me/tokens', token);
export const revokeToken = (id: number) => post<void>(`me/tokens/${id}/revoke`);

export type LentRight = 'issuer' | 'approver';

export interface Delegation {
  id: number;
  role: LentRight;
  unit: Named;
  lender: Named;
  account: Named;
  starts_at: string;
  ends_at: string;
  ended_at: string | null;
  reason: string;
}

export interface NewDelegation {
  role: LentRight;
  unit: number;
  account: number;
  starts_at: string;
  ends_at: string;
  reason: string;
}

export const getDelegations = () => get<{ delegations: Delegation[] }>('me/delegations');
export const getCandidates = (unit: number) =>
  get<{ accounts: Named[] }>('me/delegations/candidates', { unit });
export const lend = (delegation: NewDelegation) => post<Delegation>('me/delegations', delegation);
export const endDelegation = (id: number) => post<void>(`me/delegations/${id}/end`);

export interface AccountRow {
  id: number;
  name: string;
  display_name: string;
  unit: Named;
  roles: Rights;
  second_factor: boolean;
  last_login_at: string | null;
  closed_at: string | null;
  revision: number;
  oidc: boolean;
}

export interface AccountChange {
  display_name?: string;
  unit?: number;
  roles?: Partial<Record<Right, number>>; // by right, the unit it holds for
  oidc?: boolean; // comes by single sign-on
  oidc_subject?: string | null; // who they are there; null: whoever comes first with the account's name
}

interface AccountQuery {
  q?: string;
  closed?: 0 | 1;
  limit: number;
  offset: number;
}

export const getAccounts = ({ q, closed, limit, offset }: AccountQuery) =>
  get<{ total: number; accounts: AccountRow[] }>('accounts', { q, closed, limit, offset });
export const getAccount = (id: number) => get<AccountRow>(`accounts/${id}`);
export const makeAccount = (account: AccountChange & { name: string }) =>
  post<{ account: AccountRow; password: string | null }>('accounts', account);
export const changeAccount = (id: number, revision: number, change: AccountChange) =>
  post<AccountRow>(`accounts/${id}`, { revision, ...change });
export const resetPassword = (id: number) => post<{ password: string }>(`accounts/${id}/password`);
export const resetTotp = (id: number) => post<unknown>(`accounts/${id}/totp/reset`);
export const closeAccount = (id: number) => post<unknown>(`accounts/${id}/close`);
export const reopenAccount = (id: number) => post<unknown>(`accounts/${id}/reopen`);

export interface AuditRow {
  id: number;
  at: string;
  account: Named | null; // null: the system itself
  action: string; // noun.verb
  subject: string;
  unit: Named | null;
  address: string;
  token?: number | null; // the API token it came by
  detail: Record<string, unknown>;
}

export interface AuditQuery {
  account?: string;
  action?: string;
  subject?: string;
  unit?: number | null;
  from?: string;
  to?: string;
}

export const getAudit = (query: AuditQuery, limit: number, before: number | null = null) =>
  get<{ rows: AuditRow[]; next: number | null }>('audit', { ...query, limit, before });
export const auditFile = (query: AuditQuery) => address('audit.csv', { ...query });
