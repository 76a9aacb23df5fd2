/** Log-in, one’s own account, accounts and the audit trail. */
import type { Text } from '../format';
import type { accounts as zh } from './accounts.zh';

export const accounts: Readonly<Record<keyof typeof zh, Text>> = {};
