/** Import and export of a city. */
import type { Text } from '../format';

export const imports = {} as const satisfies Record<string, Text>;
