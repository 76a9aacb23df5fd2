/** How old is too old: the rules by which a point stops looking fresh. The server uses the same ones. */
export const Presence = { fresh: 0, ageing: 1, silent: 2, offline: 3 } as const;
export type PresenceCode = (typeof Presence)[keyof typeof Presence];
export type PresenceName = keyof typeof Presence;

export const PRESENCE_NAMES: readonly PresenceName[] = ['fresh', 'ageing', 'silent', 'offline'];

const FRESH_FLOOR_S = 60;
const SILENT_FLOOR_S = 180;
const OFFLINE_AFTER_S = 24 * 3600;

export const freshUntilS = (intervalS: number): number => Math.max(2 * intervalS, FRESH_FLOOR_S);
export const silentAfterS = (intervalS: number): number => Math.max(5 * intervalS, SILENT_FLOOR_S);

/** `receivedS` of 0 means never heard. Times are Unix seconds of the server's clock. */
export function presenceAt(receivedS: number, intervalS: number, nowS: number): PresenceCode {
  const ageS = nowS - receivedS;
  if (receivedS === 0 || ageS > OFFLINE_AFTER_S) return Presence.offline;
  if (ageS > silentAfterS(intervalS)) return Presence.silent;
  return ageS <= freshUntilS(intervalS) ? Presence.fresh : Presence.ageing;
}
