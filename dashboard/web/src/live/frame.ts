/**
 * One binary frame of the live channel, as views over the received bytes: nothing is copied.
 *
 * Little-endian. Header of 32 bytes: magic `GWLF`, type u8, version u8, reserved u16, epoch u32, tick u32,
 * server time f64 (ms), n u32, unit u32. Then columns of n, each padded to a multiple of 4 bytes.
 */
export const HEADER_BYTES = 32;
const MAGIC = 0x464c5747; // "GWLF" read as a little-endian u32
const VERSION = 1;

export const FrameType = { snapshot: 1, delta: 2, counts: 3 } as const;

/** Bits of the state column above the presence nibble. */
export const StateBit = { sos: 0x10, leader: 0x20, removed: 0x80 } as const;

export interface FrameHead {
  type: number;
  epoch: number;
  tick: number;
  serverTimeMs: number;
  n: number;
  unit: number;
}

export interface PointsFrame extends FrameHead {
  kind: 'points';
  isSnapshot: boolean;
  id: Uint32Array;
  lon: Int32Array; // 1e-7 degrees
  lat: Int32Array;
  receivedS: Uint32Array; // Unix seconds of the last arrival; 0 when never heard
  intervalS: Uint16Array;
  batteryPct: Int8Array; // negative: not said
  state: Uint8Array;
}

export interface CountsFrame extends FrameHead {
  kind: 'counts';
  id: Uint32Array; // units that are leaf grids
  online: Uint16Array;
  silent: Uint16Array;
  total: Uint16Array;
  sos: Uint16Array;
}

export type Frame = PointsFrame | CountsFrame;

export class BadFrame extends Error {}

interface Column<T> {
  readonly BYTES_PER_ELEMENT: number;
  new (buffer: ArrayBuffer, offset: number, length: number): T;
}

/** Hands out one column after another. Throws BadFrame when the bytes end too early. */
class Columns {
  private offset = HEADER_BYTES;

  constructor(
    private readonly buffer: ArrayBuffer,
    private readonly n: number,
  ) {}

  take<T>(type: Column<T>): T {
    const bytes = this.n * type.BYTES_PER_ELEMENT;
    if (this.offset + bytes > this.buffer.byteLength) throw new BadFrame('frame ends inside a column');
    const column = new type(this.buffer, this.offset, this.n);
    this.offset += (bytes + 3) & ~3;
    return column;
  }
}

function readHead(buffer: ArrayBuffer): FrameHead {
  if (buffer.byteLength < HEADER_BYTES) throw new BadFrame('frame is shorter than its header');
  const view = new DataView(buffer);
  if (view.getUint32(0, true) !== MAGIC) throw new BadFrame('frame has another magic');
  if (view.getUint8(5) !== VERSION) throw new BadFrame('frame has another version');
  return {
    type: view.getUint8(4),
    epoch: view.getUint32(8, true),
    tick: view.getUint32(12, true),
    serverTimeMs: view.getFloat64(16, true),
    n: view.getUint32(24, true),
    unit: view.getUint32(28, true),
  };
}

/** Throws BadFrame for anything that is not a whole frame of a known type. */
export function decodeFrame(buffer: ArrayBuffer): Frame {
  const head = readHead(buffer);
  const columns = new Columns(buffer, head.n);
  if (head.type === FrameType.counts) {
    return {
      ...head,
      kind: 'counts',
      id: columns.take(Uint32Array),
      online: columns.take(Uint16Array),
      silent: columns.take(Uint16Array),
      total: columns.take(Uint16Array),
      sos: columns.take(Uint16Array),
    };
  }
  if (head.type !== FrameType.snapshot && head.type !== FrameType.delta) {
    throw new BadFrame(`frame has unknown type ${head.type}`);
  }
  return {
    ...head,
    kind: 'points',
    isSnapshot: head.type === FrameType.snapshot,
    id: columns.take(Uint32Array),
    lon: columns.take(Int32Array),
    lat: columns.take(Int32Array),
    receivedS: columns.take(Uint32Array),
    intervalS: columns.take(Uint16Array),
    batteryPct: columns.take(Int8Array),
    state: columns.take(Uint8Array),
  };
}
