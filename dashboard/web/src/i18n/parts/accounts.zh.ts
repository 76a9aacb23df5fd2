/** Log-in, one’s own account, accounts and the audit trail. */
import type { Text } from '../format';

export const accounts = {} as const satisfies Record<string, Text>;
