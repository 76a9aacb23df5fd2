/** Units, members, terminals, role sets, teams, rosters and contacts. */
import type { Text } from '../format';

export const organisation = {} as const satisfies Record<string, Text>;
