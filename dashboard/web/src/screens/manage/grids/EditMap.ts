/** The editor's map: grids as they would be, and the pen on top. It knows what is drawn, not what it means. */
import type { Feature, FeatureCollection, Point, Polygon, Position } from 'geojson';
import {
  type GeoJSONSource,
  Map as LibreMap,
  NavigationControl,
  ScaleControl,
  setWorkerUrl,
} from 'maplibre-gl';
import workerUrl from 'maplibre-gl/dist/maplibre-gl-worker.mjs?worker&url';
import type { Area, GridProblem, Leaf } from '../../../api/gridsets';
import type { Basemap, Bounds } from '../../../api/types';
import { boundsOf, labelPlace } from '../../../map/geometry';
import { Pen } from '../../../map/pen';
import { emptyStyle, FONT } from '../../../map/style';
import { token } from '../../../state/theme';
import { snap } from './snapping';

setWorkerUrl(workerUrl);

const PADDING_PX = { top: 76, right: 48, bottom: 88, left: 48 }; // clear of the tools and the hint
const REACH_PX = 16;
const NEAR_ZOOM = 17;
const NEAR_M = 140; // a third of the map at that zoom
const LAYERS = ['grid-fill', 'grid-line', 'grid-chosen', 'grid-name', 'problem', 'problem-word'] as const;

export type Look = 'around' | 'plain' | 'changed' | 'new';

export interface Shown {
  leaf: Leaf;
  look: Look;
  isChosen: boolean;
  name: string;
}

export interface EditEvents {
  pick(unit: number | null, isMore: boolean): void;
  line(line: Position[]): void;
  area(area: Polygon): void;
}

const collection = (features: Feature[]): FeatureCollection => ({ type: 'FeatureCollection', features });

export class EditMap {
  readonly ready: Promise<void>;
  private readonly map: LibreMap;
  private pen: Pen | null = null;
  private areas: Area[] = [];
  private bounds = new Map<Area, Bounds>();
  private edited: { rest: Position[][]; others: Position[][][] } | null = null;

  constructor(container: HTMLElement, city: Bounds | null, basemap: Basemap | null, events: EditEvents) {
    this.map = new LibreMap({
      container,
      style: emptyStyle(basemap),
      ...(city ? { bounds: city } : {}),
      fitBoundsOptions: { padding: PADDING_PX },
      attributionControl: basemap ? { compact: true } : false,
      localIdeographFontFamily: token('font'),
      dragRotate: false,
      pitchWithRotate: false,
      maxZoom: 21,
      fadeDuration: 0,
    });
    this.map.touchZoomRotate.disableRotation();
    this.map.keyboard.disableRotation();
    this.map.doubleClickZoom.disable(); // two clicks at one place end a line
    this.map.addControl(new NavigationControl({ showCompass: false }), 'bottom-right');
    this.map.addControl(new ScaleControl({ maxWidth: 96 }), 'bottom-left');
    this.ready = this.begin(events);
  }

  private async begin(events: EditEvents): Promise<void> {
    await this.map.once('load');
    this.addLayers();
    this.paint();
    this.map.on('click', (event) => {
      if (!this.pen?.isOff) return;
      const { shiftKey, ctrlKey, metaKey } = event.originalEvent;
      events.pick(this.unitAt(event.point), shiftKey || ctrlKey || metaKey);
    });
    this.pen = new Pen(this.map, events, (at) => this.snapped(at));
  }

  private addLayers(): void {
    const { map } = this;
    for (const source of ['grids', 'grid-names', 'problems']) {
      map.addSource(source, { type: 'geojson', data: collection([]), promoteId: 'id' });
    }
    map.addLayer({ id: 'grid-fill', type: 'fill', source: 'grids' });
    map.addLayer({ id: 'grid-line', type: 'line', source: 'grids', layout: { 'line-join': 'round' } });
    map.addLayer({
      id: 'grid-chosen',
      type: 'line',
      source: 'grids',
      filter: ['get', 'chosen'],
      layout: { 'line-join': 'round' },
      paint: { 'line-width': 3 },
    });
    map.addLayer({
      id: 'grid-name',
      type: 'symbol',
      source: 'grid-names',
      layout: { 'text-field': ['get', 'name'], 'text-font': FONT, 'text-size': 12, 'text-max-width': 8 },
      paint: { 'text-halo-width': 1.5 },
    });
    map.addLayer({
      id: 'problem',
      type: 'circle',
      source: 'problems',
      paint: { 'circle-radius': 10, 'circle-stroke-width': 2 },
    });
    map.addLayer({
      id: 'problem-word',
      type: 'symbol',
      source: 'problems',
      layout: {
        'text-field': '!',
        'text-font': FONT,
        'text-size': 13,
        'text-allow-overlap': true,
        'text-ignore-placement': true,
      },
      paint: { 'text-color': '#ffffff' },
    });
  }

  /** Called again when the theme changes. */
  paint(): void {
    const { map } = this;
    if (!map.getLayer(LAYERS[0])) return;
    const by = (values: Record<Look, string>) =>
      ['match', ['get', 'look'], ...Object.entries(values).flat(), values.plain] as never;
    const [accent, good, text] = [token('accent'), token('good'), token('text-3')];
    map.setPaintProperty('ground', 'background-color', token('map'));
    map.setPaintProperty(
      'grid-fill',
      'fill-color',
      by({ around: text, plain: text, changed: accent, new: good }),
    );
    map.setPaintProperty('grid-fill', 'fill-opacity', [
      'match',
      ['get', 'look'],
      'around',
      0,
      'plain',
      0.1,
      0.26,
    ]);
    map.setPaintProperty(
      'grid-line',
      'line-color',
      by({ around: token('line'), plain: text, changed: accent, new: good }),
    );
    map.setPaintProperty('grid-line', 'line-width', ['match', ['get', 'look'], 'around', 0.8, 1.4]);
    map.setPaintProperty('grid-chosen', 'line-color', accent);
    map.setPaintProperty('grid-name', 'text-color', [
      'match',
      ['get', 'look'],
      'around',
      text,
      token('text'),
    ]);
    map.setPaintProperty('grid-name', 'text-halo-color', token('map'));
    map.setPaintProperty('problem', 'circle-color', token('red-fill'));
    map.setPaintProperty('problem', 'circle-stroke-color', token('map'));
  }

  show(shown: readonly Shown[]): void {
    this.areas = shown.map(({ leaf }) => leaf.geometry);
    this.bounds = new Map(this.areas.map((area) => [area, boundsOf([area])!]));
    const features = shown.map(({ leaf, look, isChosen }) => ({
      type: 'Feature' as const,
      geometry: leaf.geometry,
      properties: { id: leaf.properties.id, look, chosen: isChosen },
    }));
    const names = shown.map(
      ({ leaf, look, name }): Feature<Point> => ({
        type: 'Feature',
        geometry: { type: 'Point', coordinates: labelPlace(leaf.geometry) },
        properties: { id: leaf.properties.id, look, name },
      }),
    );
    this.source('grids')?.setData(collection(features));
    this.source('grid-names')?.setData(collection(names));
  }

  showProblems(problems: readonly GridProblem[]): void {
    const marks = problems.map(
      (problem): Feature<Point> => ({
        type: 'Feature',
        geometry: { type: 'Point', coordinates: problem.place },
        properties: { word: problem.word },
      }),
    );
    this.source('problems')?.setData(collection(marks));
  }

  fit(areas: readonly Area[]): void {
    const bounds = boundsOf(areas);
    if (bounds) this.map.fitBounds(bounds, { padding: PADDING_PX, duration: 0, maxZoom: 18 });
  }

  /** Near enough for what is `m2` large: a sliver fills no pixel from afar, a district no screen from near. */
  look(place: [number, number], m2: number): void {
    const tooWide = Math.log2(Math.sqrt(m2) / NEAR_M);
    const zoom = tooWide > 0 ? NEAR_ZOOM - tooWide : Math.max(this.map.getZoom(), NEAR_ZOOM);
    this.map.easeTo({ center: place, zoom, duration: 0 });
  }

  /** Ends whatever is being drawn and begins with another tool. */
  use(tool: 'static' | 'split' | 'draw'): void {
    this.edited = null;
    this.pen?.use(({ static: 'off', split: 'line', draw: 'area' } as const)[tool]);
  }

  /** Lets the corners of an area be dragged; false when it cannot be. Of several parts it is the largest. */
  edit(area: Area): boolean {
    const parts = area.type === 'Polygon' ? [area.coordinates] : [...area.coordinates];
    parts.sort((a, b) => b[0]!.length - a[0]!.length);
    const [[outer, ...rest], ...others] = parts as [[Position[], ...Position[][]], ...Position[][][]];
    const isEdited = this.pen?.edit(outer) ?? false;
    this.edited = isEdited ? { rest, others } : null;
    return isEdited;
  }

  /** The area as its corners stand now. */
  get editedArea(): Area | null {
    const ring = this.pen?.ring;
    if (!ring || !this.edited) return null;
    const part = [ring, ...this.edited.rest];
    if (this.edited.others.length === 0) return { type: 'Polygon', coordinates: part };
    return { type: 'MultiPolygon', coordinates: [part, ...this.edited.others] };
  }

  /** A corner at the middle of the map, for those who move the map by its arrow keys. */
  pressCentre(): void {
    this.pen?.pressCentre();
  }

  /** The grid under the middle of the map. */
  unitAtCentre(): number | null {
    return this.unitAt(this.map.project(this.map.getCenter()));
  }

  /** The grid in which most of a line's middle lies. */
  unitUnder(line: readonly Position[]): number | null {
    const [a, b] = [line[Math.floor((line.length - 1) / 2)]!, line[Math.ceil((line.length - 1) / 2)]!];
    return this.unitAt(this.map.project([(a[0]! + b[0]!) / 2, (a[1]! + b[1]!) / 2]));
  }

  focus(): void {
    this.map.getCanvas().focus();
  }

  /** Where a place is on the screen, for those who test with a mouse. */
  project(place: Position): { x: number; y: number } {
    return this.map.project(place as [number, number]);
  }

  remove(): void {
    this.pen?.stop();
    this.map.remove();
  }

  private unitAt(point: { x: number; y: number }): number | null {
    const [hit] = this.map.queryRenderedFeatures([point.x, point.y], { layers: ['grid-fill'] });
    return (hit?.properties.id as number | undefined) ?? null;
  }

  private snapped(at: [number, number]): Position | undefined {
    const px = this.map.project(at);
    const corners = [
      this.map.unproject([px.x - REACH_PX, px.y + REACH_PX]),
      this.map.unproject([px.x + REACH_PX, px.y - REACH_PX]),
    ] as const;
    const near = this.areas.filter((area) => {
      const [west, south, east, north] = this.bounds.get(area)!;
      const [low, high] = corners;
      return west <= high.lng && east >= low.lng && south <= high.lat && north >= low.lat;
    });
    return snap(px, near, (place) => this.map.project(place as [number, number]));
  }

  private source(name: string): GeoJSONSource | undefined {
    return this.map.getSource<GeoJSONSource>(name);
  }
}
