/**
 * People as one draw call: a MapLibre custom layer that keeps its columns on the graphics card and writes them once
 * per frame of the live channel (100,000 points: 3 ms of script; a GeoJSON source takes seconds).
 */
import type { CustomLayerInterface, CustomRenderMethodInput, Map as LibreMap } from 'maplibre-gl';
import type { Roster } from '../live/roster';
import { mercatorX, mercatorY, worldPx } from './geometry';
import { FRAGMENT, VERTEX } from './shaders';

const GLIDE_MS = 900; // under the second between two frames: people walk, they do not jump
const DEGREE = 1e7;
const UNIFORMS = [
  'view',
  'progress',
  'radius',
  'ratio',
  'sos_only',
  'good',
  'off',
  'alarm',
  'ground',
] as const;

export interface PointColours {
  good: string;
  off: string;
  alarm: string;
  ground: string;
}

const channels = (hex: string): [number, number, number] => {
  const value = Number.parseInt(hex.slice(1), 16);
  return [(value >> 16) / 255, ((value >> 8) & 255) / 255, (value & 255) / 255];
};

function compile(gl: WebGL2RenderingContext, kind: number, text: string): WebGLShader {
  const shader = gl.createShader(kind)!;
  gl.shaderSource(shader, text);
  gl.compileShader(shader);
  if (!gl.getShaderParameter(shader, gl.COMPILE_STATUS))
    throw new Error(gl.getShaderInfoLog(shader) ?? 'shader');
  return shader;
}

/** Radius of a person's disc: 8 px dots from street zoom, smaller where a whole city is in view. */
export const radiusAt = (zoom: number): number => Math.min(6, Math.max(2.6, 2.6 + (zoom - 10) * 0.55));

export class PointLayer implements CustomLayerInterface {
  readonly id = 'people';
  readonly type = 'custom' as const;
  readonly renderingMode = '2d' as const;
  n = 0;
  private map: LibreMap | null = null;
  private gl: WebGL2RenderingContext | null = null;
  private program: WebGLProgram | null = null;
  private array: WebGLVertexArrayObject | null = null;
  private buffers: WebGLBuffer[] = [];
  private readonly uniforms = new Map<string, WebGLUniformLocation | null>();
  private from = new Float32Array(0);
  private to = new Float32Array(0);
  private member = new Uint32Array(0);
  private state = new Uint8Array(0);
  private changedAt = 0;
  private colours: PointColours = { good: '#000000', off: '#000000', alarm: '#000000', ground: '#ffffff' };
  private readonly originX: number;
  private readonly originY: number;

  constructor(
    origin: { lon: number; lat: number },
    private readonly isStill: boolean, // no gliding, for those who asked for less motion
  ) {
    this.originX = mercatorX(origin.lon);
    this.originY = mercatorY(origin.lat);
  }

  onAdd(map: LibreMap, gl: WebGL2RenderingContext): void {
    this.map = map;
    this.gl = gl;
    const program = gl.createProgram()!;
    gl.attachShader(program, compile(gl, gl.VERTEX_SHADER, VERTEX));
    gl.attachShader(program, compile(gl, gl.FRAGMENT_SHADER, FRAGMENT));
    gl.linkProgram(program);
    this.program = program;
    for (const name of UNIFORMS) this.uniforms.set(name, gl.getUniformLocation(program, name));
    this.buffers = [0, 1, 2].map(() => gl.createBuffer()!);
    this.array = gl.createVertexArray();
    gl.bindVertexArray(this.array);
    this.buffers.forEach((buffer, at) => {
      gl.bindBuffer(gl.ARRAY_BUFFER, buffer);
      gl.enableVertexAttribArray(at);
      if (at < 2) gl.vertexAttribPointer(at, 2, gl.FLOAT, false, 0, 0);
      else gl.vertexAttribIPointer(at, 1, gl.UNSIGNED_BYTE, 0, 0);
    });
    gl.bindVertexArray(null);
    this.upload();
  }

  paint(colours: PointColours): void {
    this.colours = colours;
    this.map?.triggerRepaint();
  }

  /** Takes the roster as it is now; each person glides from where they are drawn to where they are. */
  update(roster: Roster, nowMs: number): void {
    this.reserve(roster.n);
    const done = this.progress(nowMs);
    let n = 0;
    for (let row = 0; row < roster.n; row++) {
      if (!roster.hasFix(row)) continue;
      this.place(n, roster.id[row]!, this.x(roster.lon[row]!), this.y(roster.lat[row]!), done);
      this.state[n++] = roster.state[row]!;
    }
    this.n = n;
    this.changedAt = nowMs;
    this.upload();
    this.map?.triggerRepaint();
  }

  /** The nearest person within `px` of a place, or null. SOS wins over whoever stands nearer. */
  pick(at: { lng: number; lat: number }, px: number, zoom: number): number | null {
    const [x, y] = [mercatorX(at.lng) - this.originX, mercatorY(at.lat) - this.originY];
    let best: number | null = null;
    let bestDistance = (px / worldPx(zoom)) ** 2;
    let isSosFound = false;
    for (let i = 0; i < this.n; i++) {
      const distance = (this.to[2 * i]! - x) ** 2 + (this.to[2 * i + 1]! - y) ** 2;
      const isSos = (this.state[i]! & 0x10) !== 0;
      if (distance > (px / worldPx(zoom)) ** 2 || (isSosFound && !isSos)) continue;
      if (distance > bestDistance && isSos === isSosFound) continue;
      [best, bestDistance, isSosFound] = [this.member[i]!, distance, isSos];
    }
    return best;
  }

  render(_gl: WebGL2RenderingContext | WebGLRenderingContext, input: CustomRenderMethodInput): void {
    const { gl, map } = this;
    if (!gl || !map || this.n === 0) return;
    const now = performance.now();
    gl.useProgram(this.program);
    gl.uniformMatrix4fv(this.at('view'), false, this.viewFrom(input.defaultProjectionData.mainMatrix));
    gl.uniform1f(this.at('progress'), this.progress(now));
    gl.uniform1f(this.at('radius'), radiusAt(map.getZoom()));
    gl.uniform1f(this.at('ratio'), devicePixelRatio);
    for (const name of ['good', 'off', 'alarm', 'ground'] as const)
      gl.uniform3f(this.at(name), ...channels(this.colours[name]));
    gl.disable(gl.DEPTH_TEST);
    gl.enable(gl.BLEND);
    gl.blendFunc(gl.ONE, gl.ONE_MINUS_SRC_ALPHA);
    gl.bindVertexArray(this.array);
    for (const sosOnly of [0, 1]) {
      gl.uniform1i(this.at('sos_only'), sosOnly);
      gl.drawArrays(gl.POINTS, 0, this.n);
    }
    gl.bindVertexArray(null);
    if (this.progress(now) < 1) map.triggerRepaint();
  }

  private at(name: (typeof UNIFORMS)[number]): WebGLUniformLocation | null {
    return this.uniforms.get(name) ?? null;
  }

  private x(lon: number): number {
    return mercatorX(lon / DEGREE) - this.originX;
  }

  private y(lat: number): number {
    return mercatorY(lat / DEGREE) - this.originY;
  }

  private progress(nowMs: number): number {
    return this.isStill ? 1 : Math.min(1, (nowMs - this.changedAt) / GLIDE_MS);
  }

  private place(i: number, member: number, x: number, y: number, done: number): void {
    const [a, b] = [2 * i, 2 * i + 1];
    const isSame = this.member[i] === member && i < this.n;
    this.from[a] = isSame ? this.from[a]! + (this.to[a]! - this.from[a]!) * done : x;
    this.from[b] = isSame ? this.from[b]! + (this.to[b]! - this.from[b]!) * done : y;
    this.to[a] = x;
    this.to[b] = y;
    this.member[i] = member;
  }

  private reserve(n: number): void {
    if (this.member.length >= n) return;
    const room = Math.max(1024, 2 * n);
    const [from, to, member, state] = [this.from, this.to, this.member, this.state];
    this.from = new Float32Array(2 * room);
    this.to = new Float32Array(2 * room);
    this.member = new Uint32Array(room);
    this.state = new Uint8Array(room);
    this.from.set(from);
    this.to.set(to);
    this.member.set(member);
    this.state.set(state);
  }

  private upload(): void {
    const { gl } = this;
    if (!gl) return;
    const columns = [
      this.from.subarray(0, 2 * this.n),
      this.to.subarray(0, 2 * this.n),
      this.state.subarray(0, this.n),
    ];
    columns.forEach((column, at) => {
      gl.bindBuffer(gl.ARRAY_BUFFER, this.buffers[at]!);
      gl.bufferData(gl.ARRAY_BUFFER, column, gl.DYNAMIC_DRAW);
    });
  }

  /** The city origin is folded into the matrix in double precision, before it becomes float32. */
  private viewFrom(main: ArrayLike<number>): Float32Array {
    const view = Float32Array.from(main);
    for (let row = 0; row < 4; row++) {
      view[12 + row] = main[row]! * this.originX + main[4 + row]! * this.originY + main[12 + row]!;
    }
    return view;
  }
}
