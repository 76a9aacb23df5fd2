/**
 * The people of the watched unit as columns: frames are merged in, the map and the lists read them.
 * Rows move when somebody is removed, so outside code keeps member ids, never row numbers.
 */
import { type PointsFrame, StateBit } from './frame';
import { presenceAt } from './presence';

const FIRST_CAPACITY = 1024;
const PRESENCE_MASK = 0x0f;

export class Roster {
  n = 0;
  moves = 0; // position changes seen since the start
  id = new Uint32Array(FIRST_CAPACITY);
  lon = new Int32Array(FIRST_CAPACITY); // 1e-7 degrees
  lat = new Int32Array(FIRST_CAPACITY);
  receivedS = new Uint32Array(FIRST_CAPACITY);
  intervalS = new Uint16Array(FIRST_CAPACITY);
  batteryPct = new Int8Array(FIRST_CAPACITY);
  state = new Uint8Array(FIRST_CAPACITY);
  private readonly rows = new Map<number, number>();

  row(member: number): number | undefined {
    return this.rows.get(member);
  }

  clear(): void {
    this.n = 0;
    this.rows.clear();
  }

  apply(frame: PointsFrame): void {
    if (frame.isSnapshot) this.keepOnly(frame.id);
    for (let i = 0; i < frame.n; i++) {
      const member = frame.id[i]!;
      if (frame.state[i]! & StateBit.removed) this.remove(member);
      else this.write(this.rowFor(member), frame, i);
    }
  }

  /** Lets every row's presence follow the server's clock: a point ages even when nothing arrives. */
  age(nowS: number): void {
    for (let row = 0; row < this.n; row++) {
      const presence = presenceAt(this.receivedS[row]!, this.intervalS[row]!, nowS);
      this.state[row] = (this.state[row]! & ~PRESENCE_MASK) | presence;
    }
  }

  hasFix(row: number): boolean {
    return this.lon[row] !== 0 || this.lat[row] !== 0;
  }

  isSos(row: number): boolean {
    return (this.state[row]! & StateBit.sos) !== 0;
  }

  presence(row: number): number {
    return this.state[row]! & PRESENCE_MASK;
  }

  private keepOnly(ids: Uint32Array): void {
    const kept = new Set(ids);
    for (const member of [...this.rows.keys()]) if (!kept.has(member)) this.remove(member);
  }

  private rowFor(member: number): number {
    const known = this.rows.get(member);
    if (known !== undefined) return known;
    if (this.n === this.id.length) this.grow();
    const row = this.n++;
    this.rows.set(member, row);
    this.id[row] = member;
    this.lon[row] = 0;
    this.lat[row] = 0;
    return row;
  }

  private write(row: number, frame: PointsFrame, i: number): void {
    if (this.hasFix(row) && (this.lon[row] !== frame.lon[i] || this.lat[row] !== frame.lat[i])) this.moves++;
    this.lon[row] = frame.lon[i]!;
    this.lat[row] = frame.lat[i]!;
    this.receivedS[row] = frame.receivedS[i]!;
    this.intervalS[row] = frame.intervalS[i]!;
    this.batteryPct[row] = frame.batteryPct[i]!;
    this.state[row] = frame.state[i]!;
  }

  private remove(member: number): void {
    const row = this.rows.get(member);
    if (row === undefined) return;
    this.rows.delete(member);
    const last = --this.n;
    if (row === last) return;
    for (const column of this.columns()) column[row] = column[last]!;
    this.rows.set(this.id[row]!, row);
  }

  private columns() {
    return [this.id, this.lon, this.lat, this.receivedS, this.intervalS, this.batteryPct, this.state];
  }

  private grow(): void {
    const twice = 2 * this.id.length;
    const wider = <T extends Uint32Array | Int32Array | Uint16Array | Int8Array | Uint8Array>(
      next: T,
      old: T,
    ): T => {
      next.set(old);
      return next;
    };
    this.id = wider(new Uint32Array(twice), this.id);
    this.lon = wider(new Int32Array(twice), this.lon);
    this.lat = wider(new Int32Array(twice), this.lat);
    this.receivedS = wider(new Uint32Array(twice), this.receivedS);
    this.intervalS = wider(new Uint16Array(twice), this.intervalS);
    this.batteryPct = wider(new Int8Array(twice), this.batteryPct);
    this.state = wider(new Uint8Array(twice), this.state);
  }
}
