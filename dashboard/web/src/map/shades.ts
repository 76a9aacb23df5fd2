/** Fills of the grids that say something of an alert, in place of the number on duty: one level of grids at a time. */
import type { ExpressionSpecification, Map as LibreMap } from 'maplibre-gl';

const OPACITY = 0.72;
const CLEAR = 'rgba(0, 0, 0, 0)';
const COLOUR: ExpressionSpecification = ['to-color', ['coalesce', ['feature-state', 'shade'], CLEAR]];

export interface ShadedLevel {
  code: string;
  fromZoom: number; // where its cells can be told apart
}

export class Shades {
  private readonly levels: ShadedLevel[] = []; // coarsest first
  private readonly given = new Map<string, Map<number, string>>(); // by level

  constructor(private readonly map: LibreMap) {}

  add(level: ShadedLevel, under: string): void {
    this.map.addLayer(
      {
        id: `${level.code}:shade`,
        type: 'fill',
        source: `grid:${level.code}`,
        layout: { visibility: 'none' },
        paint: { 'fill-color': COLOUR, 'fill-opacity': OPACITY, 'fill-antialias': false },
      },
      under,
    );
    this.levels.push(level);
  }

  /** Gives grids their colours; `levelOf` says the level of those that are drawn. Null takes all shades away. */
  show(colours: ReadonlyMap<number, string> | null, levelOf: (unit: number) => string | undefined): void {
    const wanted = new Map<string, Map<number, string>>();
    for (const [unit, colour] of colours ?? []) {
      const code = levelOf(unit);
      if (code === undefined) continue;
      const of = wanted.get(code) ?? new Map<number, string>();
      wanted.set(code, of.set(unit, colour));
    }
    const filled = this.levels.filter(({ code }) => wanted.has(code));
    for (const { code } of this.levels) {
      this.colour(code, wanted.get(code) ?? new Map());
      this.map.setLayoutProperty(`${code}:shade`, 'visibility', wanted.has(code) ? 'visible' : 'none');
    }
    filled.forEach(({ code, fromZoom }, at) => {
      this.map.setLayerZoomRange(`${code}:shade`, at === 0 ? 0 : fromZoom, filled[at + 1]?.fromZoom ?? 24);
    });
  }

  /** The level that is filled at this zoom; null: none is. */
  levelAt(zoom: number): string | null {
    const filled = this.levels.filter(({ code }) => (this.given.get(code)?.size ?? 0) > 0);
    return filled.findLast(({ fromZoom }, at) => at === 0 || zoom >= fromZoom)?.code ?? null;
  }

  /** How many grids of the coarsest filled level have a colour. */
  get count(): number {
    return this.levels.map(({ code }) => this.given.get(code)?.size ?? 0).find((size) => size > 0) ?? 0;
  }

  /** Only what changed is told: a city's alert is shown anew every few seconds. */
  private colour(code: string, wanted: Map<number, string>): void {
    const source = `grid:${code}`;
    const before = this.given.get(code) ?? new Map<number, string>();
    for (const id of before.keys()) if (!wanted.has(id)) this.map.removeFeatureState({ source, id }, 'shade');
    for (const [id, shade] of wanted)
      if (before.get(id) !== shade) this.map.setFeatureState({ source, id }, { shade });
    this.given.set(code, wanted);
  }
}
