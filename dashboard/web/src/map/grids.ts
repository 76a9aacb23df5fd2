/**
 * The grids, which are our base map: hairlines that thicken with the level, names by zoom, a fill by number on duty where
 * the server sends counts. A level appears when its average cell is large enough to be told apart.
 */
import type { Feature, MultiPolygon, Polygon } from 'geojson';
import type { GeoJSONSource, Map as LibreMap } from 'maplibre-gl';
import { getGrids } from '../api/client';
import type { Bounds, GridProperties, Grids } from '../api/types';
import type { GridCount } from '../state/live';
import { token } from '../state/theme';
import { cellSide, labelPlace, zoomFor } from './geometry';
import { Shades } from './shades';
import { FONT } from './style';

const LINES_FROM_PX = 14;
const NAMES_FROM_PX = 104;
const SHADES_FROM_PX = 56; // a share is of people: grids of one or two each are all or nothing
const WIDEST_LINE = 2.2;
const HATCH_PX = 8;

export type GridFeature = Feature<Polygon | MultiPolygon, GridProperties>;

export interface GridLevel {
  code: string;
  rank: number; // 0 is the coarsest drawn
  count: number;
}

function hatch(colour: string): ImageData {
  const image = new ImageData(HATCH_PX, HATCH_PX);
  const value = Number.parseInt(colour.slice(1), 16);
  for (let at = 0; at < HATCH_PX; at++) {
    const pixel = 4 * (at * HATCH_PX + ((HATCH_PX - at) % HATCH_PX));
    image.data.set([value >> 16, (value >> 8) & 255, value & 255, 150], pixel);
  }
  return image;
}

export class GridLayers {
  readonly features = new Map<number, GridFeature>();
  private readonly levels: GridLevel[] = [];
  private readonly labels = new Map<string, [unit: number, at: [number, number]][]>();
  private readonly loaded = new Map<string, number>(); // level -> unit it was loaded for
  private version = 0;
  private counted: string | null = null; // the level filled by number on duty
  private isShaded = false;
  readonly shades: Shades;

  constructor(
    private readonly map: LibreMap,
    private readonly city: Bounds | null,
  ) {
    this.shades = new Shades(map);
  }

  /** Layers go under the overlays; finer levels under coarser ones. */
  addLevel(level: GridLevel): void {
    const { map } = this;
    const source = `grid:${level.code}`;
    const side = this.city ? cellSide(this.city, level.count) : 1e-4;
    const width = Math.max(0.5, WIDEST_LINE - 0.55 * level.rank);
    const empty = { type: 'FeatureCollection' as const, features: [] };
    map.addSource(source, { type: 'geojson', data: empty, promoteId: 'id' });
    map.addSource(`${source}:names`, { type: 'geojson', data: empty });
    const coarser = this.levels.at(-1)?.code;
    const under = coarser ? `${coarser}:line` : 'mask';
    map.addLayer({ id: `${level.code}:hit`, type: 'fill', source, paint: { 'fill-opacity': 0 } }, under);
    map.addLayer({ id: `${level.code}:fill`, type: 'fill', source, layout: { visibility: 'none' } }, under);
    map.addLayer({ id: `${level.code}:empty`, type: 'fill', source, layout: { visibility: 'none' } }, under);
    const fromZoom = Math.max(0, zoomFor(LINES_FROM_PX, side));
    this.shades.add({ code: level.code, fromZoom: Math.max(0, zoomFor(SHADES_FROM_PX, side)) }, under);
    map.addLayer(
      {
        id: `${level.code}:line`,
        type: 'line',
        source,
        minzoom: fromZoom,
        layout: { 'line-join': 'round' },
        paint: { 'line-width': ['interpolate', ['linear'], ['zoom'], 9, width * 0.7, 16, width * 1.6] },
      },
      under,
    );
    map.addLayer(
      {
        id: `${level.code}:name`,
        type: 'symbol',
        source: `${source}:names`,
        minzoom: Math.max(0, zoomFor(NAMES_FROM_PX, side)),
        maxzoom: Math.min(24, zoomFor(NAMES_FROM_PX * 14, side)),
        layout: {
          'text-field': ['get', 'name'],
          'text-font': FONT,
          'text-size': Math.max(11, 15 - 1.5 * level.rank),
          'text-max-width': 8,
          'text-padding': 6,
        },
        paint: { 'text-halo-width': 1.2 },
      },
      coarser ? `${coarser}:name` : 'accuracy', // the coarser name wins the place
    );
    this.levels.push(level);
  }

  /** Forgets the areas of another grid set than this one. */
  follow(version: number): void {
    if (version === this.version) return;
    this.version = version;
    this.loaded.clear();
    this.features.clear();
  }

  async load(level: GridLevel, unit: number): Promise<void> {
    if (this.loaded.get(level.code) === unit) return;
    this.loaded.set(level.code, unit);
    const grids: Grids = await getGrids(unit, level.code);
    for (const feature of grids.features) this.features.set(feature.properties.id, feature);
    this.source(`grid:${level.code}`)?.setData(grids);
    this.labels.set(
      level.code,
      grids.features.map((feature) => [feature.properties.id, labelPlace(feature.geometry)]),
    );
  }

  /** Writes the names again, in whatever language `nameOf` speaks now. */
  name(nameOf: (unit: number) => string): void {
    for (const [level, places] of this.labels) {
      this.source(`grid:${level}:names`)?.setData({
        type: 'FeatureCollection',
        features: places.map(([unit, coordinates]) => ({
          type: 'Feature',
          properties: { name: nameOf(unit) },
          geometry: { type: 'Point', coordinates },
        })),
      });
    }
  }

  paint(): void {
    const { map } = this;
    if (map.hasImage('hatch')) map.removeImage('hatch');
    map.addImage('hatch', hatch(token('line')));
    for (const { code, rank } of this.levels) {
      map.setPaintProperty(`${code}:line`, 'line-color', token(rank < 2 ? 'text-3' : 'line'));
      map.setPaintProperty(`${code}:line`, 'line-opacity', rank === 0 ? 0.8 : 0.6);
      map.setPaintProperty(`${code}:fill`, 'fill-color', token('good'));
      map.setPaintProperty(`${code}:fill`, 'fill-opacity', ['coalesce', ['feature-state', 'share'], 0]);
      map.setPaintProperty(`${code}:empty`, 'fill-pattern', 'hatch');
      map.setPaintProperty(`${code}:empty`, 'fill-opacity', ['coalesce', ['feature-state', 'empty'], 0]);
    }
    this.paintNames();
  }

  /** On a shade names need more contrast than on the bare ground. */
  private paintNames(): void {
    for (const { code, rank } of this.levels) {
      const colour = this.isShaded ? 'text' : rank < 2 ? 'text-2' : 'text-3';
      this.map.setPaintProperty(`${code}:name`, 'text-color', token(colour));
      this.map.setPaintProperty(`${code}:name`, 'text-halo-color', token('map'));
      this.map.setPaintProperty(`${code}:name`, 'text-halo-width', this.isShaded ? 2 : 1.2);
    }
  }

  /** Fills the coarsest level that has numbers: strongest where most are on duty, hatched where nobody is. */
  fill(counts: ReadonlyMap<number, GridCount> | null, level: string | null): void {
    this.counted = counts === null ? null : level;
    this.showCounted();
    if (counts === null || level === null) return;
    const shown = [...counts].filter(([id]) => this.features.get(id)?.properties.level === level);
    const most = Math.max(1, ...shown.map(([, count]) => count.online));
    for (const [id, { online }] of shown) {
      const share = online === 0 ? 0 : 0.08 + 0.34 * Math.sqrt(online / most);
      this.map.setFeatureState({ source: `grid:${level}`, id }, { share, empty: online === 0 ? 0.9 : 0 });
    }
  }

  /** Colours by unit that take the place of the numbers on duty; null gives those back. */
  shade(colours: ReadonlyMap<number, string> | null): void {
    this.shades.show(colours, (unit) => this.features.get(unit)?.properties.level);
    this.isShaded = colours !== null;
    this.showCounted();
    this.paintNames();
  }

  private showCounted(): void {
    for (const { code } of this.levels) {
      const visibility = code === this.counted && !this.isShaded ? 'visible' : 'none';
      this.map.setLayoutProperty(`${code}:fill`, 'visibility', visibility);
      this.map.setLayoutProperty(`${code}:empty`, 'visibility', visibility);
    }
  }

  /** The grid under a place on the screen, of the level that is shaded now. */
  shadedAt(point: { x: number; y: number }): number | null {
    const level = this.shades.levelAt(this.map.getZoom());
    if (level === null) return null;
    return this.unitsAt(point).find((unit) => this.features.get(unit)?.properties.level === level) ?? null;
  }

  /** Units under a place on the screen, coarsest first. */
  unitsAt(point: { x: number; y: number }): number[] {
    const layers = this.levels.map(({ code }) => `${code}:hit`);
    const hits = layers.length > 0 ? this.map.queryRenderedFeatures([point.x, point.y], { layers }) : [];
    const rank = new Map(this.levels.map(({ code, rank: order }) => [code, order]));
    return hits
      .map((hit) => hit.properties as GridProperties)
      .sort((a, b) => (rank.get(a.level) ?? 0) - (rank.get(b.level) ?? 0))
      .map(({ id }) => id);
  }

  private source(name: string): GeoJSONSource | undefined {
    return this.map.getSource<GeoJSONSource>(name);
  }
}
