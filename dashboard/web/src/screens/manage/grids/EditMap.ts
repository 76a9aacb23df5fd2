/** The editor's map: grids as they would be, and the drawing tools on top. It knows what is drawn, not what it means. */
import type { Feature, FeatureCollection, LineString, Point, Polygon, Position } from 'geojson';
import {
  type GeoJSONSource,
  Map as LibreMap,
  NavigationControl,
  ScaleControl,
  setWorkerUrl,
} from 'maplibre-gl';
import workerUrl from 'maplibre-gl/dist/maplibre-gl-worker.mjs?worker&url';
import { TerraDraw, TerraDrawLineStringMode, TerraDrawPolygonMode, TerraDrawSelectMode } from 'terra-draw';
import { TerraDrawMapLibreGLAdapter } from 'terra-draw-maplibre-gl-adapter';
import type { Area, GridProblem, Leaf } from '../../../api/gridsets';
import type { Basemap, Bounds } from '../../../api/types';
import { boundsOf, labelPlace } from '../../../map/geometry';
import { emptyStyle, FONT } from '../../../map/style';
import { token } from '../../../state/theme';
import { snap } from './snapping';

setWorkerUrl(workerUrl);

const PADDING_PX = { top: 76, right: 48, bottom: 88, left: 48 }; // clear of the tools and the hint
const REACH_PX = 16;
const POINTER_PX = 14; // a click this near to the last corner ends the line
const NEAR_ZOOM = 17;
const NEAR_M = 140; // a third of the map at that zoom
const DIGITS = 7; // of a degree: the lattice
const SPLIT = 'linestring';
const DRAW = 'polygon';
const EDIT = 'select';
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

const hex = (name: string) => () => token(name) as `#${string}`;
const collection = (features: Feature[]): FeatureCollection => ({ type: 'FeatureCollection', features });

export class EditMap {
  readonly ready: Promise<void>;
  private readonly map: LibreMap;
  private draw: TerraDraw | null = null;
  private mode: string = 'static';
  private areas: Area[] = [];
  private bounds = new Map<Area, Bounds>();
  private edited: { id: string | number; rest: Position[][]; others: Position[][][] } | null = null;

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
      if (this.mode !== 'static') return;
      const { shiftKey, ctrlKey, metaKey } = event.originalEvent;
      events.pick(this.unitAt(event.point), shiftKey || ctrlKey || metaKey);
    });
    this.draw = this.tools(events);
  }

  private tools(events: EditEvents): TerraDraw {
    const snapping = {
      toCustom: ({ lng, lat }: { lng: number; lat: number }) => this.snapped([lng, lat]),
    };
    const points = { snappingPointColor: hex('accent'), closingPointColor: hex('accent') };
    const draw = new TerraDraw({
      adapter: new TerraDrawMapLibreGLAdapter({ map: this.map, coordinatePrecision: DIGITS }),
      modes: [
        new TerraDrawLineStringMode({
          snapping,
          pointerDistance: POINTER_PX,
          styles: { ...points, lineStringColor: hex('accent'), lineStringWidth: 3 },
        }),
        new TerraDrawPolygonMode({
          snapping,
          pointerDistance: POINTER_PX,
          styles: { ...points, fillColor: hex('accent'), fillOpacity: 0.2, outlineColor: hex('accent') },
        }),
        new TerraDrawSelectMode({
          allowManualDeselection: false,
          allowManualSelection: false,
          flags: {
            [DRAW]: {
              feature: {
                draggable: false,
                coordinates: { midpoints: true, draggable: true, deletable: true, snappable: snapping },
              },
            },
          },
          styles: {
            selectedPolygonColor: hex('accent'),
            selectedPolygonFillOpacity: 0.16,
            selectedPolygonOutlineColor: hex('accent'),
            selectedPolygonOutlineWidth: 2,
            selectionPointColor: hex('panel'),
            selectionPointOutlineColor: hex('accent'),
            selectionPointOutlineWidth: 2,
            selectionPointWidth: 5,
            midPointColor: hex('accent'),
            midPointOutlineColor: hex('panel'),
            midPointWidth: 3,
          },
        }),
      ],
    });
    draw.start();
    draw.on('finish', (id, { action }) => {
      if (action !== 'draw') return;
      const drawn = draw.getSnapshotFeature(id)?.geometry as LineString | Polygon | undefined;
      draw.removeFeatures([id]);
      if (drawn?.type === 'LineString') events.line(drawn.coordinates);
      if (drawn?.type === 'Polygon') events.area(drawn);
    });
    draw.setMode('static');
    return draw;
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
    this.drop();
    this.mode = { static: 'static', split: SPLIT, draw: DRAW }[tool];
    this.draw?.setMode(this.mode);
  }

  /** Lets the corners of an area be dragged; false when it cannot be. Of several parts it is the largest. */
  edit(area: Area): boolean {
    this.drop();
    const { draw } = this;
    if (!draw) return false;
    const parts = area.type === 'Polygon' ? [area.coordinates] : [...area.coordinates];
    parts.sort((a, b) => b[0]!.length - a[0]!.length);
    const [[outer, ...rest], ...others] = parts as [[Position[], ...Position[][]], ...Position[][][]];
    const id = draw.getFeatureId();
    const [added] = draw.addFeatures([
      {
        type: 'Feature',
        id,
        geometry: { type: 'Polygon', coordinates: [outer] },
        properties: { mode: DRAW },
      },
    ]);
    if (!added?.valid) return false;
    this.mode = EDIT;
    draw.setMode(EDIT);
    draw.selectFeature(id);
    this.edited = { id, rest, others };
    return true;
  }

  /** The area as its corners stand now. */
  get editedArea(): Area | null {
    const feature = this.edited && this.draw?.getSnapshotFeature(this.edited.id);
    if (!feature || !this.edited) return null;
    const part = [(feature.geometry as Polygon).coordinates[0]!, ...this.edited.rest];
    if (this.edited.others.length === 0) return { type: 'Polygon', coordinates: part };
    return { type: 'MultiPolygon', coordinates: [part, ...this.edited.others] };
  }

  /** A corner at the middle of the map, for those who move the map by its arrow keys. */
  pressCentre(): void {
    const canvas = this.map.getCanvas();
    const { left, top, width, height } = canvas.getBoundingClientRect();
    const at = {
      clientX: left + width / 2,
      clientY: top + height / 2,
      bubbles: true,
      isPrimary: true,
      pointerId: 1,
      pointerType: 'mouse',
    };
    canvas.dispatchEvent(new PointerEvent('pointermove', { ...at, button: -1 }));
    canvas.dispatchEvent(new PointerEvent('pointerdown', { ...at, button: 0, buttons: 1 }));
    canvas.dispatchEvent(new PointerEvent('pointerup', { ...at, button: 0 }));
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
    this.draw?.stop();
    this.map.remove();
  }

  private drop(): void {
    const { draw } = this;
    if (!draw) return;
    this.edited = null;
    draw.setMode('static');
    this.mode = 'static';
    draw.clear();
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
