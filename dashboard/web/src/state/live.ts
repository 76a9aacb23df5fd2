/** The live picture: people, counts, and how good our own connection is. */
import { computed, signal } from '@preact/signals';
import type { Crossing, Emergency } from '../api/types';
import type { CountsFrame, Frame } from '../live/frame';
import { type LinkFacts, linkState } from '../live/link';
import { Roster } from '../live/roster';
import { LiveSocket } from '../live/socket';
import { loadAlerts } from './alerts';
import { learnServerTime, nowMs, serverNow } from './clock';
import { upsertEmergency } from './emergencies';
import { forgetOutings, sayOuting } from './outings';
import { me } from './session';
import { loadUnits } from './units';

export interface Counts {
  unit: number;
  online: number;
  silent: number;
  offline: number;
  total: number;
  sos: number;
  on_duty: number;
}

export interface GridCount {
  online: number;
  silent: number;
  total: number;
  sos: number;
}

const KEPT_CROSSINGS = 200;

export const roster = new Roster();
export const rosterVersion = signal(0); // counts up whenever `roster` changed
export const gridCounts = signal<ReadonlyMap<number, GridCount> | null>(null); // null: we are sent points
export const counts = signal<Counts | null>(null);
export const liveCrossings = signal<readonly Crossing[]>([]);
const linkFacts = signal<LinkFacts>({ isOpen: false, heardAtMs: null, closedAtMs: null });
let socket: LiveSocket | null = null;

export const link = computed(() => {
  nowMs.value; // time alone makes a connection late
  return linkState(linkFacts.value, Date.now());
});
export const heardAtMs = computed(() => {
  const { heardAtMs: heard } = linkFacts.value;
  return heard === null ? null : heard + serverNow() - Date.now();
});

function countsByGrid(frame: CountsFrame): Map<number, GridCount> {
  const found = new Map<number, GridCount>();
  for (let i = 0; i < frame.n; i++) {
    const count = {
      online: frame.online[i]!,
      silent: frame.silent[i]!,
      total: frame.total[i]!,
      sos: frame.sos[i]!,
    };
    found.set(frame.id[i]!, count);
  }
  return found;
}

let epoch: number | null = null;

/** A new epoch says that the city itself was changed. */
function learnEpoch(next: number): void {
  if (epoch !== null && epoch !== next) void loadUnits();
  epoch = next;
}

function takeFrame(frame: Frame): void {
  learnServerTime(frame.serverTimeMs);
  learnEpoch(frame.epoch);
  if (frame.kind === 'counts') {
    gridCounts.value = new Map([...(gridCounts.value ?? []), ...countsByGrid(frame)]);
    return;
  }
  if (frame.n === 0 && !frame.isSnapshot) return;
  roster.apply(frame);
  roster.age(serverNow() / 1000);
  rosterVersion.value++;
}

/** Which grid set took effect since we listen; 0 while none did. */
export const gridSetInForce = signal(0);
/** Which grid set was made, or is left as the newest, since we listen; 0 while none was. */
export const newestGridSet = signal(0);

type Message = { kind: string; [field: string]: unknown };

const TAKERS: Readonly<Record<string, (message: Message) => void>> = {
  hello: (message) => {
    learnServerTime(Number(message.server_time_ms));
    forgetOutings(); // said on an earlier connection: what was said between is not known
  },
  counts: (message) => {
    counts.value = message as unknown as Counts;
  },
  emergency: (message) => upsertEmergency(message.emergency as Emergency),
  crossing: (message) => {
    const crossing = (message.crossing ?? message) as Crossing;
    liveCrossings.value = [crossing, ...liveCrossings.value].slice(0, KEPT_CROSSINGS);
  },
  outing: (message) => sayOuting(Number(message.member), message.since as string | null),
  alert: () => void loadAlerts(),
  grids: (message) => {
    gridSetInForce.value = Number(message.version);
    void loadUnits(); // new grids are new units
  },
  grid_set: (message) => {
    newestGridSet.value = Number(message.newest);
  },
};

export function startLive(): void {
  const scheme = location.protocol === 'https:' ? 'wss' : 'ws';
  socket = new LiveSocket(`${scheme}://${location.host}/api/live`, {
    frame: takeFrame,
    message: (message) => TAKERS[message.kind]?.(message),
    link: (facts) => {
      linkFacts.value = facts;
    },
    unauthorised: () => {
      me.value = null;
    },
  });
  socket.start();
}

export function stopLive(): void {
  socket?.stop();
  socket = null;
  forget();
  linkFacts.value = { isOpen: false, heardAtMs: null, closedAtMs: null };
}

function forget(): void {
  roster.clear();
  rosterVersion.value++;
  gridCounts.value = null;
  counts.value = null;
  forgetOutings();
}

export function watch(unit: number): void {
  forget();
  socket?.watch(unit);
}

/** Called each second: everything shown grows older, whether or not anything arrives. */
export function growOlder(): void {
  if (roster.n === 0) return;
  roster.age(serverNow() / 1000);
  rosterVersion.value++;
}
