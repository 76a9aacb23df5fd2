/** Which steps a terminal offers in each state. */
import type { TerminalState } from '../../../api/terminals';

export type Step = 'hand' | 'lost' | 'found' | 'rotate' | 'revoke' | 'retire';

export const STEPS_OF: Readonly<Record<TerminalState, readonly Step[]>> = {
  in_use: ['hand', 'lost', 'rotate', 'revoke', 'retire'],
  spare: ['hand', 'lost', 'rotate', 'revoke', 'retire'],
  lost: ['found', 'rotate', 'retire'],
  revoked: ['rotate', 'retire'],
  retired: [],
};
