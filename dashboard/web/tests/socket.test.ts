import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { LiveSocket } from '../src/live/socket';
import { aCountsFrame, aPerson, aPointsFrame } from './builders';

const CITY = 1;
const EPOCH = 7;

/** The browser's end of a connection that never leaves this process: it keeps what is sent, and says what it is told. */
class Wire {
  static readonly OPEN = 1;
  static readonly all: Wire[] = [];
  readonly readyState = Wire.OPEN;
  readonly sent: Record<string, unknown>[] = [];
  onopen = (): void => {};
  onmessage = (_event: { data: ArrayBuffer }): void => {};
  onclose = (_event: { code: number }): void => {};

  constructor() {
    Wire.all.push(this);
  }

  send(text: string): void {
    this.sent.push(JSON.parse(text));
  }

  close(): void {}

  get watched() {
    return this.sent.find((message) => message.op === 'watch');
  }
}

function opened(): Wire {
  const wire = Wire.all.at(-1)!;
  wire.onopen();
  return wire;
}

function cut(wire: Wire): Wire {
  wire.onclose({ code: 1006 });
  vi.runOnlyPendingTimers();
  return opened();
}

function watching(unit: number): Wire {
  const nobody = { frame() {}, message() {}, link() {}, unauthorised() {} };
  const live = new LiveSocket('ws://city/api/live', nobody);
  live.watch(unit);
  live.start();
  return opened();
}

const counts = (tick: number) => ({ data: aCountsFrame([], { epoch: EPOCH, tick, unit: CITY }) });
const points = (tick: number) => ({
  data: aPointsFrame({ type: 2, epoch: EPOCH, tick, unit: CITY, people: [aPerson({})] }),
});

describe('a connection that is cut', () => {
  beforeEach(() => {
    vi.useFakeTimers();
    vi.stubGlobal('window', globalThis);
    vi.stubGlobal('WebSocket', Wire);
  });
  afterEach(() => {
    vi.useRealTimers();
    vi.unstubAllGlobals();
  });

  it('goes on from the last tick of which everything came', () => {
    const wire = watching(CITY);
    wire.onmessage(counts(41));
    wire.onmessage(points(41));
    expect(cut(wire).watched).toEqual({ op: 'watch', unit: CITY, epoch: EPOCH, tick: 41 });
  });

  it('asks again for a tick whose counts came and whose people did not', () => {
    const wire = watching(CITY);
    wire.onmessage(counts(41));
    wire.onmessage(points(41));
    wire.onmessage(counts(42));
    expect(cut(wire).watched).toEqual({ op: 'watch', unit: CITY, epoch: EPOCH, tick: 41 });
  });

  it('starts anew when it was cut within its first tick', () => {
    const wire = watching(CITY);
    wire.onmessage(counts(41));
    expect(cut(wire).watched).toEqual({ op: 'watch', unit: CITY });
  });
});
