/**
 * The live channel: opens, watches one unit, acknowledges frames, resumes where it was, and comes back by itself.
 * It hands everything it hears to its listener and keeps no picture of the world.
 */
import { BadFrame, decodeFrame, type Frame } from './frame';
import { type LinkFacts, LOST_AFTER_MS, retryDelayMs } from './link';

const PING_EVERY_MS = 3_000;

export interface Listener {
  frame(frame: Frame): void;
  message(message: { kind: string; [field: string]: unknown }): void;
  link(facts: LinkFacts): void;
  unauthorised(): void;
}

const CLOSED_UNAUTHORISED = 4401;

export class LiveSocket {
  private socket: WebSocket | null = null;
  private unit: number | null = null;
  private epoch: number | null = null;
  private tick = 0;
  private attempt = 0;
  private retryTimer = 0;
  private pingTimer = 0;
  private aliveMs = 0; // when this connection opened or last said something
  private facts: LinkFacts = { isOpen: false, heardAtMs: null, closedAtMs: null };

  constructor(
    private readonly url: string,
    private readonly listener: Listener,
  ) {}

  start(): void {
    this.open();
    this.pingTimer = window.setInterval(() => this.ping(), PING_EVERY_MS);
  }

  stop(): void {
    window.clearTimeout(this.retryTimer);
    window.clearInterval(this.pingTimer);
    const socket = this.socket;
    this.socket = null;
    socket?.close();
  }

  /** Another unit starts from a snapshot; the same one resumes. */
  watch(unit: number): void {
    if (unit !== this.unit) {
      this.epoch = null;
      this.tick = 0;
    }
    this.unit = unit;
    this.sendWatch();
  }

  private open(): void {
    const socket = new WebSocket(this.url);
    socket.binaryType = 'arraybuffer';
    this.socket = socket;
    socket.onopen = () => {
      this.attempt = 0;
      this.aliveMs = Date.now();
      this.tell({ isOpen: true, closedAtMs: null });
      this.sendWatch();
    };
    socket.onmessage = (event) => this.hear(event.data);
    socket.onclose = (event) => this.closed(socket, event.code);
  }

  private ping(): void {
    if (this.socket?.readyState === WebSocket.OPEN && Date.now() - this.aliveMs > LOST_AFTER_MS)
      this.abandon();
    else this.send({ op: 'ping' });
  }

  /** A peer that vanished without a word never closes: leave the connection behind and open another. */
  private abandon(): void {
    const silent = this.socket;
    this.socket = null;
    silent?.close();
    this.tell({ isOpen: false, closedAtMs: Date.now() });
    this.open();
  }

  private closed(socket: WebSocket, code: number): void {
    if (socket !== this.socket) return;
    if (code === CLOSED_UNAUTHORISED) this.listener.unauthorised();
    this.tell({ isOpen: false, closedAtMs: this.facts.closedAtMs ?? Date.now() });
    this.retryTimer = window.setTimeout(() => this.open(), retryDelayMs(this.attempt++, Math.random()));
  }

  private hear(data: ArrayBuffer | string): void {
    this.aliveMs = Date.now();
    this.tell({ heardAtMs: this.aliveMs });
    if (typeof data === 'string') {
      this.listener.message(JSON.parse(data));
      return;
    }
    try {
      this.take(decodeFrame(data));
    } catch (error) {
      if (!(error instanceof BadFrame)) throw error;
      this.epoch = null; // a picture we cannot trust is fetched anew
      this.socket?.close();
    }
  }

  private take(frame: Frame): void {
    this.send({ op: 'ack', tick: frame.tick });
    if (frame.unit !== this.unit) return; // still under way when we chose another unit
    if (frame.kind === 'points') this.learn(frame);
    this.listener.frame(frame);
  }

  /** Points end a tick: counts alone are half of it, and going on from there would pass over its marks of SOS. */
  private learn(last: Frame): void {
    this.epoch = last.epoch;
    this.tick = last.tick;
  }

  private sendWatch(): void {
    if (this.unit === null) return;
    const since = this.epoch === null ? {} : { epoch: this.epoch, tick: this.tick };
    this.send({ op: 'watch', unit: this.unit, ...since });
  }

  private send(message: object): void {
    if (this.socket?.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify(message));
  }

  private tell(change: Partial<LinkFacts>): void {
    this.facts = { ...this.facts, ...change };
    this.listener.link(this.facts);
  }
}
