/** The map as a thing one tells what to show. It knows MapLibre and no screen; the screens know it and no MapLibre. */
import type { FeatureCollection, MultiPolygon, Polygon } from 'geojson';
import {
  type GeoJSONSource,
  Map as LibreMap,
  type MapMouseEvent,
  NavigationControl,
  ScaleControl,
  setWorkerUrl,
} from 'maplibre-gl';
import workerUrl from 'maplibre-gl/dist/maplibre-gl-worker.mjs?worker&url';
import type { Basemap, Bounds } from '../api/types';
import type { Roster } from '../live/roster';
import { token } from '../state/theme';
import { boundsOf } from './geometry';
import { GridLayers, type GridLevel } from './grids';
import { chosenArea } from './overlays';
import type { Pen, PenEvents } from './pen';
import { PointLayer } from './points';
import { emptyStyle, type Overlay, pointColours, THEMED, WARNING_OPACITY } from './style';

setWorkerUrl(workerUrl);

const PICK_PX = 12;
const TOUCH_PICK_PX = 24;
const FIT_PADDING_PX = 36;
const PEN_PADDING_PX = { top: 76, right: 48, bottom: 176, left: 48 }; // clear of the bar above and the hint below
const CLOSE_ZOOM = 15.5;
const TAP_MS = 400; // the click, or the second one, that came with the last corner of an area is not meant for the map
const CHINA: Bounds = [73, 18, 135, 54];

export interface Picked {
  member: number | null;
  units: number[]; // under the pointer, coarsest first
}

export interface MapEvents {
  click(picked: Picked): void;
  /** `grid` only while grids are shaded. */
  hover(member: number | null, at: { x: number; y: number }, grid: number | null): void;
  move(): void;
}

export class MapView {
  readonly grids: GridLayers;
  readonly points: PointLayer;
  private readonly map: LibreMap;
  private fitted: Bounds | null; // what is shown whole, until somebody moves the map
  private readonly empty = new Set<Overlay>();
  private readonly isStill = matchMedia('(prefers-reduced-motion: reduce)').matches;
  private pen: Pen | null = null;
  private isPenInHand = false;
  private lettingGo: ReturnType<typeof setTimeout> | undefined;
  private isGone = false;
  private isShaded = false;
  isDrawnOn = false; // or soon will be: the pen's code may be on its way
  readonly ready: Promise<void>;

  constructor(container: HTMLElement, city: Bounds | null, basemap: Basemap | null, events: MapEvents) {
    const bounds = city ?? CHINA;
    this.fitted = bounds;
    this.map = new LibreMap({
      container,
      style: emptyStyle(basemap),
      bounds,
      fitBoundsOptions: { padding: FIT_PADDING_PX },
      attributionControl: basemap ? { compact: true } : false,
      localIdeographFontFamily: token('font'),
      dragRotate: false,
      pitchWithRotate: false,
      maxZoom: 19,
      fadeDuration: 0,
    });
    this.map.touchZoomRotate.disableRotation();
    this.map.keyboard.disableRotation();
    this.map.addControl(new NavigationControl({ showCompass: false }), 'bottom-right');
    this.map.addControl(new ScaleControl({ maxWidth: 96 }), 'bottom-left');
    this.points = new PointLayer(
      { lon: (bounds[0] + bounds[2]) / 2, lat: (bounds[1] + bounds[3]) / 2 },
      this.isStill,
    );
    this.grids = new GridLayers(this.map, city);
    this.ready = this.begin(events);
  }

  private async begin(events: MapEvents): Promise<void> {
    await this.map.once('load');
    this.map.addLayer(this.points, 'names');
    const pick = (event: MapMouseEvent, px: number) => this.points.pick(event.lngLat, px, this.map.getZoom());
    this.map.on('click', (event) => {
      if (this.isPenInHand) return;
      const isTouch = matchMedia('(pointer: coarse)').matches;
      events.click({
        member: pick(event, isTouch ? TOUCH_PICK_PX : PICK_PX),
        units: this.grids.unitsAt(event.point),
      });
    });
    this.map.on('mousemove', (event) => {
      if (this.isPenInHand) return;
      const member = pick(event, PICK_PX);
      this.map.getCanvas().style.cursor = member === null ? '' : 'pointer';
      events.hover(member, event.point, this.isShaded ? this.grids.shadedAt(event.point) : null);
    });
    this.map.on('mouseout', () => events.hover(null, { x: 0, y: 0 }, null));
    this.map.on('moveend', () => events.move());
    this.map.on('movestart', (event) => {
      if (event.originalEvent) this.fitted = null;
    });
    this.map.on('resize', () => {
      const padding = this.padding;
      if (this.fitted) this.map.fitBounds(this.fitted, { padding, duration: 0, maxZoom: 17 });
    });
  }

  addLevels(levels: readonly GridLevel[]): void {
    for (const level of levels) this.grids.addLevel(level);
    this.paint();
  }

  paint(): void {
    for (const [layer, property, name] of THEMED) {
      // The table's properties all hold colours; the library's type wants each layer's own list.
      (this.map.setPaintProperty as (layer: string, property: string, value: string) => void).call(
        this.map,
        layer,
        property,
        token(name),
      );
    }
    this.grids.paint();
    this.points.paint(pointColours());
  }

  showPeople(roster: Roster): void {
    this.points.update(roster, performance.now());
  }

  set(overlay: Overlay, data: FeatureCollection): void {
    const isEmpty = data.features.length === 0;
    if (isEmpty && this.empty.has(overlay)) return; // most overlays are empty most of the time, each second
    if (isEmpty) this.empty.add(overlay);
    else this.empty.delete(overlay);
    this.map.getSource<GeoJSONSource>(overlay)?.setData(data);
  }

  /** Colours by unit for what is said of an alert; a warning's own fill would tint them. Null takes them away. */
  shade(colours: ReadonlyMap<number, string> | null): void {
    this.isShaded = colours !== null;
    this.grids.shade(colours);
    this.map.setPaintProperty('warning-fill', 'fill-opacity', this.isShaded ? 0 : WARNING_OPACITY);
  }

  choose(unit: number | null): void {
    this.showArea(unit === null ? undefined : this.grids.features.get(unit)?.geometry);
  }

  /** A drawn area in place of the chosen unit. */
  chooseDrawn(area: Polygon): void {
    this.showArea(area);
  }

  private showArea(area: Polygon | MultiPolygon | undefined): void {
    const { outline, mask } = chosenArea(area);
    this.set('chosen', outline);
    this.set('mask', mask);
  }

  fit(unit: number, fallback: Bounds | null): void {
    const grid = this.grids.features.get(unit);
    const bounds = (grid && boundsOf([grid.geometry])) ?? fallback;
    if (!bounds) return;
    this.fitted = bounds;
    this.fitBounds(bounds);
  }

  /** Brings an area into view whole; moves only when it is not there already. */
  bring(area: Polygon | MultiPolygon): void {
    const bounds = boundsOf([area])!;
    const seen = this.map.getBounds();
    const [west, south, east, north] = bounds;
    this.fitted = bounds;
    if (!seen.contains([west, south]) || !seen.contains([east, north])) this.fitBounds(bounds);
  }

  /** Clear of what lies over the map while one draws, where there is room: more padding than map is no place at all. */
  private get padding() {
    const isRoom = this.size.height > 2 * PEN_PADDING_PX.bottom;
    return this.isDrawnOn && isRoom ? PEN_PADDING_PX : FIT_PADDING_PX;
  }

  private fitBounds(bounds: Bounds): void {
    this.map.fitBounds(bounds, { padding: FIT_PADDING_PX, duration: this.isStill ? 0 : 500, maxZoom: 17 });
  }

  /** The pen, whose code is fetched the first time somebody draws; null when the map went meanwhile. */
  async fetchPen(events: PenEvents): Promise<Pen | null> {
    const { Pen } = await import('./pen');
    if (this.isGone) return null;
    this.pen ??= new Pen(this.map, events);
    return this.pen;
  }

  /** While the pen is in hand, clicks are its own: they choose nobody and do not zoom. */
  holdPen(): void {
    clearTimeout(this.lettingGo);
    this.isPenInHand = true;
    this.map.doubleClickZoom.disable();
    this.map.getCanvas().focus();
  }

  putPenAway(): void {
    if (!this.pen || !this.isPenInHand) return;
    this.pen.use('off');
    clearTimeout(this.lettingGo);
    this.lettingGo = setTimeout(() => {
      this.isPenInHand = false;
      this.map.doubleClickZoom.enable();
    }, TAP_MS);
  }

  /** Brings a place into view; moves only when it is not there already. */
  look(at: { lon: number; lat: number }, closely: boolean): void {
    const zoom = closely ? Math.max(this.map.getZoom(), CLOSE_ZOOM) : this.map.getZoom();
    if (closely) this.fitted = null;
    if (!closely && this.map.getBounds().contains([at.lon, at.lat])) return;
    this.map.easeTo({ center: [at.lon, at.lat], zoom, duration: this.isStill ? 0 : 500 });
  }

  /** Shows a stretch of ground whole, but never from further away than now needed to tell streets apart. */
  lookAlong(bounds: Bounds): void {
    this.fitted = null;
    this.map.fitBounds(bounds, {
      padding: 3 * FIT_PADDING_PX,
      duration: this.isStill ? 0 : 500,
      maxZoom: CLOSE_ZOOM,
    });
  }

  get size(): { width: number; height: number } {
    const { clientWidth: width, clientHeight: height } = this.map.getContainer();
    return { width, height };
  }

  get zoom(): number {
    return this.map.getZoom();
  }

  isInView(lon: number, lat: number): boolean {
    return this.map.getBounds().contains([lon, lat]);
  }

  remove(): void {
    this.isGone = true;
    clearTimeout(this.lettingGo);
    this.pen?.stop();
    this.map.remove();
  }
}
