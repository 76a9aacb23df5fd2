/** Import and export of a city. */
import type { Text } from '../format';
import type { imports as zh } from './imports.zh';

export const imports: Readonly<Record<keyof typeof zh, Text>> = {};
