/** The grid map editor and its versions. */
import type { Text } from '../format';

export const grids = {} as const satisfies Record<string, Text>;
