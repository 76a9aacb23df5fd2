/** Units, members, terminals, role sets, teams, rosters and contacts. */
import type { Text } from '../format';
import type { organisation as zh } from './organisation.zh';

export const organisation: Readonly<Record<keyof typeof zh, Text>> = {};
