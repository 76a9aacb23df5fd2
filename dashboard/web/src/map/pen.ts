/** The pen over a map: lines and areas drawn corner by corner, and corners dragged. It knows no grid and no screen. */
import type { LineString, Polygon, Position } from 'geojson';
import type { Map as LibreMap } from 'maplibre-gl';
import {
  TerraDraw,
  TerraDrawLineStringMode,
  TerraDrawModeUndoRedo,
  TerraDrawPolygonMode,
  TerraDrawSelectMode,
} from 'terra-draw';
import { TerraDrawMapLibreGLAdapter } from 'terra-draw-maplibre-gl-adapter';
import { token } from '../state/theme';

const POINTER_PX = 14; // a click this near to the last corner ends the line
const DIGITS = 7; // of a degree: the lattice
const MODES = { off: 'static', line: 'linestring', area: 'polygon', corners: 'select' } as const;
const FEWEST = 3; // corners of an area

export type PenTool = 'off' | 'line' | 'area';

/** What the pen tells: what was drawn to its end, and on the way how many corners are set, or where they were dragged. */
export interface PenEvents {
  line?(line: Position[]): void;
  area(area: Polygon): void;
  corners?(count: number): void;
  dragged?(ring: Position[]): void;
}

/** Where a pointer means something that is there; undefined: it means itself. */
export type Snap = (at: [lon: number, lat: number]) => Position | undefined;

const hex = (name: string) => () => token(name) as `#${string}`;

export class Pen {
  private readonly draw: TerraDraw;
  private hand: keyof typeof MODES = 'off';
  private edited: string | number | null = null;

  constructor(
    private readonly map: LibreMap,
    private readonly events: PenEvents,
    snap?: Snap,
  ) {
    this.draw = new TerraDraw({
      adapter: new TerraDrawMapLibreGLAdapter({ map, coordinatePrecision: DIGITS }),
      modes: modes(snap),
      undoRedo: { modeLevel: new TerraDrawModeUndoRedo() },
    });
    this.draw.start();
    this.draw.on('finish', (id, { action }) => this.finished(id, action === 'draw'));
    this.draw.on('change', () => {
      if (this.hand === 'area') this.events.corners?.(this.corners);
    });
    this.draw.setMode(MODES.off);
  }

  get isOff(): boolean {
    return this.hand === 'off';
  }

  /** Ends whatever is being drawn and begins with another tool. */
  use(tool: PenTool): void {
    this.drop();
    this.hand = tool;
    this.draw.setMode(MODES[tool]);
  }

  /** Lets the corners of a ring be dragged; false when they cannot be. */
  edit(ring: Position[]): boolean {
    this.drop();
    const { draw } = this;
    const id = draw.getFeatureId();
    const [added] = draw.addFeatures([
      {
        type: 'Feature',
        id,
        geometry: { type: 'Polygon', coordinates: [ring] },
        properties: { mode: MODES.area },
      },
    ]);
    if (!added?.valid) return false;
    this.hand = 'corners';
    draw.setMode(MODES.corners);
    draw.selectFeature(id);
    this.edited = id;
    return true;
  }

  /** The ring whose corners are dragged, as they stand now. */
  get ring(): Position[] | null {
    const feature = this.edited === null ? undefined : this.draw.getSnapshotFeature(this.edited);
    return feature ? (feature.geometry as Polygon).coordinates[0]! : null;
  }

  /** Ends the area that is being drawn where its last corner is; false while there are too few. */
  close(): boolean {
    if (this.hand !== 'area' || this.corners < FEWEST) return false;
    this.map.getCanvas().dispatchEvent(new KeyboardEvent('keyup', { key: 'Enter' }));
    return true;
  }

  /** Takes the last corner back. */
  undo(): void {
    this.draw.undo();
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

  /** Before the map goes. */
  stop(): void {
    this.draw.stop();
  }

  private drop(): void {
    this.edited = null;
    this.hand = 'off';
    this.draw.setMode(MODES.off);
    this.draw.clear();
  }

  /** How many corners of the area being drawn are set. */
  private get corners(): number {
    const drawn = this.draw.getSnapshot().find(({ properties }) => properties.currentlyDrawing);
    return Number(drawn?.properties.committedCoordinateCount ?? 0);
  }

  private finished(id: string | number, isDrawn: boolean): void {
    if (!isDrawn) {
      const { ring } = this;
      if (ring) this.events.dragged?.(ring);
      return;
    }
    const drawn = this.draw.getSnapshotFeature(id)?.geometry as LineString | Polygon | undefined;
    this.draw.removeFeatures([id]);
    if (drawn?.type === 'LineString') this.events.line?.(drawn.coordinates);
    if (drawn?.type === 'Polygon') this.events.area(drawn);
  }
}

function modes(snap?: Snap) {
  const snapping = snap && {
    toCustom: ({ lng, lat }: { lng: number; lat: number }) => snap([lng, lat]),
  };
  const drawing = { ...(snapping ? { snapping } : {}), pointerDistance: POINTER_PX };
  const points = { snappingPointColor: hex('accent'), closingPointColor: hex('accent') };
  const corners = {
    coordinatePointColor: hex('panel'),
    coordinatePointOutlineColor: hex('accent'),
    coordinatePointOutlineWidth: 2,
    coordinatePointWidth: 5,
  };
  return [
    new TerraDrawLineStringMode({
      ...drawing,
      styles: { ...points, lineStringColor: hex('accent'), lineStringWidth: 3 },
    }),
    new TerraDrawPolygonMode({
      ...drawing,
      showCoordinatePoints: true, // the first one would not be seen at all
      styles: {
        ...points,
        ...corners,
        fillColor: hex('accent'),
        fillOpacity: 0.2,
        outlineColor: hex('accent'),
      },
    }),
    new TerraDrawSelectMode({
      allowManualDeselection: false,
      allowManualSelection: false,
      keyEvents: null, // the Delete key would take the whole area away
      flags: {
        [MODES.area]: {
          feature: {
            draggable: false,
            coordinates: {
              midpoints: true,
              draggable: true,
              deletable: true,
              ...(snapping ? { snappable: snapping } : {}),
            },
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
  ];
}
