/** Frames as the server writes them, by a second hand: DataView, byte by byte. */
export interface Person {
  id: number;
  lon: number;
  lat: number;
  receivedS: number;
  intervalS: number;
  batteryPct: number;
  state: number;
}

export const aPerson = (part: Partial<Person>): Person => ({
  id: 1,
  lon: 1_136_000_000,
  lat: 347_000_000,
  receivedS: 1_700_000_000,
  intervalS: 30,
  batteryPct: 50,
  state: 0,
  ...part,
});

interface Head {
  type?: number;
  epoch?: number;
  tick?: number;
  unit?: number;
}

type Setter = (view: DataView, at: number, value: number) => void;
type Column = readonly [bytes: number, values: number[], set: Setter];

const u32: Setter = (view, at, value) => view.setUint32(at, value, true);
const i32: Setter = (view, at, value) => view.setInt32(at, value, true);
const u16: Setter = (view, at, value) => view.setUint16(at, value, true);
const i8: Setter = (view, at, value) => view.setInt8(at, value);
const u8: Setter = (view, at, value) => view.setUint8(at, value);

function frame(head: Head, n: number, columns: Column[]): ArrayBuffer {
  const padded = columns.map(([bytes]) => Math.ceil((bytes * n) / 4) * 4);
  const view = new DataView(new ArrayBuffer(32 + padded.reduce((sum, bytes) => sum + bytes, 0)));
  [...'GWLF'].forEach((letter, at) => {
    view.setUint8(at, letter.charCodeAt(0));
  });
  view.setUint8(4, head.type ?? 1);
  view.setUint8(5, 1);
  view.setUint32(8, head.epoch ?? 1, true);
  view.setUint32(12, head.tick ?? 1, true);
  view.setFloat64(16, 1_700_000_000_000, true);
  view.setUint32(24, n, true);
  view.setUint32(28, head.unit ?? 1, true);
  let start = 32;
  columns.forEach(([bytes, values, set], at) => {
    values.forEach((value, row) => {
      set(view, start + row * bytes, value);
    });
    start += padded[at]!;
  });
  return view.buffer;
}

export function aPointsFrame({ people, ...head }: Head & { people: Person[] }): ArrayBuffer {
  const column = (bytes: number, name: keyof Person, set: Setter): Column => [
    bytes,
    people.map((one) => one[name]),
    set,
  ];
  return frame(head, people.length, [
    column(4, 'id', u32),
    column(4, 'lon', i32),
    column(4, 'lat', i32),
    column(4, 'receivedS', u32),
    column(2, 'intervalS', u16),
    column(1, 'batteryPct', i8),
    column(1, 'state', u8),
  ]);
}

export interface Grid {
  id: number;
  online: number;
  silent: number;
  total: number;
  sos: number;
}

export function aCountsFrame(grids: Grid[], head: Head = {}): ArrayBuffer {
  const column = (bytes: number, name: keyof Grid, set: Setter): Column => [
    bytes,
    grids.map((one) => one[name]),
    set,
  ];
  return frame({ ...head, type: 3 }, grids.length, [
    column(4, 'id', u32),
    column(2, 'online', u16),
    column(2, 'silent', u16),
    column(2, 'total', u16),
    column(2, 'sos', u16),
  ]);
}
