/** The grid map editor and its versions. */
import type { Text } from '../format';
import type { grids as zh } from './grids.zh';

export const grids: Readonly<Record<keyof typeof zh, Text>> = {};
