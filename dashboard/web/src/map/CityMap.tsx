/** Binds the map to what the application knows: each effect follows one thing. */
import 'maplibre-gl/dist/maplibre-gl.css';
import { effect, signal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { getUnit } from '../api/client';
import { sayFailed } from '../design/Toast';
import { named, number, t } from '../i18n';
import { alerts, shownInForce } from '../state/alerts';
import { nowMs, serverNow } from '../state/clock';
import { draft, toggleTarget } from '../state/compose';
import { openEmergencies } from '../state/emergencies';
import { gridCounts, gridSetInForce, link, roster, rosterVersion } from '../state/live';
import {
  cancel,
  countCorners,
  type Hand,
  hand,
  outline,
  shownOutline,
  takeDragged,
  takeDrawn,
} from '../state/outline';
import { learnUnit, people } from '../state/people';
import { alertId, go, memberId, openMember, panel, place } from '../state/place';
import { STEPS, shown, stepOf, type Tally } from '../state/reach';
import { openReading } from '../state/received';
import { levelOf, me } from '../state/session';
import { theme, token } from '../state/theme';
import { track } from '../state/track';
import { chosenUnit, reveal, subtreeOf, units, unitsById } from '../state/units';
import { nearerEdges } from './corner';
import { unionOf } from './geometry';
import { HoverCard } from './HoverCard';
import { hovered, hoveredGrid } from './hovered';
import { gridLevels, scopeOf, sumUp } from './levels';
import {
  accuracyCircle,
  collection,
  pointAt,
  pressedPlaces,
  trackBounds,
  trackLines,
  type Warned,
  warningAreas,
} from './overlays';
import { PenHint } from './PenHint';
import type { Pen } from './pen';
import { ShadeCard } from './ShadeCard';
import { MapView, type Picked } from './view';

const NAMES_FROM_ZOOM = 16;
const STREET_ZOOM = 14; // from further away a walk of an hour is a dot
const MOST_NAMES = 200;
const DEGREE = 1e7;

/** Which person is under the pointer, and where that is: px from the nearer edges of the map. */
const gridsVersion = signal(0); // counts up when grids arrived
const isReady = signal(false);
const moved = signal(0);
const shaded = signal(0); // grids of the coarsest shaded level
const held = signal<{ pen: Pen; hand: Hand } | null>(null); // the pen, once it is there, and what it is set to
let view: MapView | null = null;
let isFirstFit = true;

const rankOf = (level: string) => levelOf(level)?.rank ?? 9;
const placeOf = (member: number | null): { lon: number; lat: number } | null => {
  const row = member === null ? undefined : roster.row(member);
  if (row === undefined || !roster.hasFix(row)) return null;
  return { lon: roster.lon[row]! / DEGREE, lat: roster.lat[row]! / DEGREE };
};

/** Brings a place into view from outside: a search result, an SOS. */
export const look = (at: { lon: number; lat: number }) => view?.look(at, true);

function click(picked: Picked): void {
  if (panel.value === 'compose' && picked.units.length > 0) {
    const target = deeper(picked.units);
    if (target !== null) toggleTarget(target);
    return;
  }
  if (picked.member !== null) {
    openMember(picked.member);
    return;
  }
  const unit = deeper(picked.units);
  if (unit === null) return;
  go({ unit, ...(panel.value === 'member' ? { panel: 'unit' as const } : {}) });
}

/** One step down from the chosen unit towards the pointer; outside of it, its sibling there. */
function deeper(path: readonly number[]): number | null {
  const chosen = chosenUnit.value;
  if (!chosen || path.length === 0) return null;
  const child = path.find((unit) => unitsById.value.get(unit)?.parent === chosen.id);
  if (child !== undefined) return child;
  if (path.includes(chosen.id)) return chosen.id;
  return path.find((unit) => unitsById.value.get(unit)?.level === chosen.level) ?? path[0]!;
}

function hover(member: number | null, at: { x: number; y: number }, grid: number | null): void {
  hovered.value = member === null || !view ? null : { member, at: nearerEdges(at, view.size) };
  hoveredGrid.value = grid === null || !view ? null : { unit: grid, at: nearerEdges(at, view.size) };
}

/** What the map says of the alert at hand: grids in the colours of their shares, or those that would be told. */
function shadeNow(): ReadonlyMap<number, string> | null {
  const now = shown.value;
  if (now === null) return null;
  theme.value; // the tokens' values are its own
  const told = token('reach-1');
  const steps = STEPS.map((_, step) => token(`reach-${step}`));
  const colour = (one: Tally) => (now.kind === 'preview' ? told : steps[stepOf(one)]!);
  return new Map([...now.tallies].map(([unit, one]) => [unit, colour(one)]));
}

/** Of the whole that is shaded, for tests. */
const confirmed = () =>
  Math.max(0, ...[...(shown.value?.tallies.values() ?? [])].map((one) => one.acknowledged));

/** The number that stands under a shaded grid's name. */
function shadeLabel(unit: number): string {
  const one = shown.value?.tallies.get(unit);
  if (!one) return '';
  if (shown.value?.kind === 'preview') return `\n${number(one.audience)}`;
  return `\n${number((100 * one.acknowledged) / Math.max(1, one.audience))} %`;
}

async function loadGrids(map: MapView): Promise<void> {
  const root = me.value?.unit.id;
  const chosen = chosenUnit.value?.id;
  if (root === undefined || chosen === undefined || units.value === null) return;
  map.grids.follow(gridSetInForce.value);
  const countBelow = (unit: number, level: string) =>
    [...subtreeOf(unit)].filter((id) => unitsById.value.get(id)?.level === level).length;
  for (const level of gridLevels(units.value, rankOf)) {
    const scope = scopeOf(level, root, chosen, countBelow);
    if (scope !== null) await map.grids.load(level, scope).catch(() => undefined); // people show without them
    gridsVersion.value++;
  }
}

function warnedNow(): Warned[] {
  const written = draft.value;
  const open = alertId.value;
  const one = alerts.value?.find((alert) => alert.id === open);
  if (panel.value === 'compose' && written) {
    const area = hand.value === 'off' ? written.area : null; // else the pen shows it
    return [{ level: written.level, targets: written.targets.map((id) => ({ id })), area }];
  }
  const read = openReading.value;
  if (panel.value === 'message' && read?.draft) {
    const { level, area } = read.draft;
    return [{ level, targets: read.units, area: null }, ...(area ? [{ level, targets: [], area }] : [])];
  }
  return one ? [one] : [...shownInForce.value];
}

function namesInView(map: MapView) {
  if (map.zoom < NAMES_FROM_ZOOM) return collection([]);
  const features = [];
  for (let row = 0; row < roster.n && features.length < MOST_NAMES; row++) {
    const at = { lon: roster.lon[row]! / DEGREE, lat: roster.lat[row]! / DEGREE };
    const person = people.value.get(roster.id[row]!);
    if (!person || !map.isInView(at.lon, at.lat)) continue;
    features.push({
      type: 'Feature' as const,
      properties: { name: person.name },
      geometry: { type: 'Point' as const, coordinates: [at.lon, at.lat] },
    });
  }
  return collection(features);
}

function showCounts(map: MapView): void {
  const leaves = gridCounts.value;
  if (leaves === null) {
    map.grids.fill(null, null);
    return;
  }
  const sums = sumUp(leaves, (unit) => unitsById.value.get(unit)?.parent ?? null);
  const chosen = chosenUnit.value;
  const below = (units.value ?? []).find((unit) => unit.parent === chosen?.id && unit.level !== 'department');
  map.grids.fill(sums, below?.level ?? null);
}

/** Gives the map the pen that is wanted, or takes it away: not before the pen has told all of what it is telling now. */
async function hold(map: MapView, wanted: Hand): Promise<void> {
  if (wanted === 'off' && held.peek() === null) return;
  let pen: Pen | null = null;
  try {
    pen = await map.fetchPen({ area: takeDrawn, corners: countCorners, dragged: takeDragged });
  } catch (error) {
    cancel();
    sayFailed(t('was.draw'), error);
  }
  if (!pen || view !== map || hand.peek() !== wanted) return;
  if (wanted === 'off') {
    map.putPenAway();
  } else {
    map.holdPen();
    if (wanted === 'draw') pen.use('area');
    else if (outline.peek()) pen.edit(outline.peek()!.coordinates[0]!);
  }
  held.value = wanted === 'off' ? null : { pen, hand: wanted };
}

/** Nothing while somebody draws: that may be anywhere. */
function showChosen(map: MapView): void {
  const [unit, area] = [chosenUnit.value, shownOutline.value];
  if (hand.value !== 'off') map.choose(null);
  else if (area) map.chooseDrawn(area);
  else map.choose(unit && unit.id !== me.value?.unit.id ? unit.id : null); // the whole stands out by itself
}

let broughtFor = 0; // the message whose area was brought into view: once, then people move the map themselves

/** The units that a message touches; its own area may be a province. */
function bringTouched(map: MapView): void {
  const read = openReading.value;
  if (!read) {
    broughtFor = 0;
    return;
  }
  const known = read.units.flatMap(({ id }) => map.grids.features.get(id)?.geometry ?? []);
  if (broughtFor === read.id || known.length < read.units.length || known.length === 0) return;
  broughtFor = read.id;
  map.bring(unionOf(known));
}

/** Effects in the order in which they draw; each re-runs when a signal it read changes. */
function bind(map: MapView): (() => void)[] {
  const atMember = () => {
    rosterVersion.value;
    return placeOf(memberId.value) ?? people.value.get(memberId.value ?? 0)?.last ?? null;
  };
  return [
    effect(() => {
      theme.value;
      map.paint();
    }),
    effect(() => void loadGrids(map)),
    effect(() => {
      gridsVersion.value;
      const known = unitsById.value;
      map.grids.name((id) => {
        if (id === me.value?.unit.id) return ''; // the bar says it
        const unit = known.get(id);
        const name = unit ? named(unit) : (map.grids.features.get(id)?.properties.name ?? '');
        return name + shadeLabel(id);
      });
    }),
    effect(() => {
      gridsVersion.value;
      map.shade(shadeNow());
      shaded.value = shown.value === null ? 0 : map.grids.shades.count;
    }),
    effect(() => {
      rosterVersion.value;
      map.showPeople(roster);
    }),
    effect(() => {
      gridsVersion.value;
      showChosen(map);
    }),
    effect(() => {
      if (shownOutline.value) map.bring(shownOutline.value);
    }),
    effect(() => {
      gridsVersion.value;
      bringTouched(map);
    }),
    effect(() => {
      map.isDrawnOn = hand.value !== 'off';
      void hold(map, hand.value);
    }),
    effect(() => {
      gridsVersion.value;
      showCounts(map);
    }),
    effect(() => {
      gridsVersion.value;
      map.set('warnings', warningAreas(warnedNow(), map.grids.features));
    }),
    effect(() => map.set('halo', pointAt(atMember()))),
    effect(() => {
      rosterVersion.value;
      map.set(
        'sos',
        pressedPlaces(openEmergencies.value, (member) => placeOf(member) !== null),
      );
    }),
    effect(() => {
      const shown = track.value?.member === memberId.value ? track.value : null;
      const span = shown?.span ?? null;
      const endMs = span ? Date.parse(span.to) : serverNow();
      map.set(
        'track',
        trackLines(shown?.points ?? [], endMs, span ? endMs - Date.parse(span.from) : undefined),
      );
    }),
    effect(() => {
      const id = hovered.value?.member ?? memberId.value;
      rosterVersion.value;
      const accuracy = id === null ? null : (people.value.get(id)?.last?.accuracy_m ?? null);
      map.set('accuracy', accuracyCircle(placeOf(id), accuracy));
    }),
    effect(() => {
      moved.value;
      nowMs.value;
      if (map.zoom >= NAMES_FROM_ZOOM && chosenUnit.value) void learnUnit(chosenUnit.value.id);
      map.set('names', namesInView(map));
    }),
  ];
}

async function fitChosen(map: MapView): Promise<void> {
  const unit = chosenUnit.value;
  if (!unit) return;
  reveal(unit.id);
  const isLinkToPerson = isFirstFit && memberId.value !== null;
  isFirstFit = false;
  if (isLinkToPerson) return; // their track will be looked at
  if (map.grids.features.has(unit.id)) return map.fit(unit.id, null);
  const detail = await getUnit(unit.id).catch(() => null);
  if (chosenUnit.value?.id === unit.id) map.fit(unit.id, detail?.bounds ?? me.value?.city.bounds ?? null);
}

function useMap(container: { current: HTMLDivElement | null }) {
  useEffect(() => {
    const city = me.value?.city.bounds ?? null;
    const map = new MapView(container.current!, city, me.value?.settings.basemap ?? null, {
      click,
      hover,
      move: () => {
        moved.value++;
      },
    });
    view = map;
    let stops: (() => void)[] = [];
    void map.ready.then(() => {
      if (view !== map) return;
      map.addLevels(gridLevels(units.value ?? [], rankOf));
      stops = bind(map);
      isReady.value = true;
    });
    return () => {
      for (const stop of stops) stop();
      isReady.value = false;
      held.value = null;
      view = null;
      map.remove();
    };
  }, []);

  const unit = chosenUnit.value?.id;
  const ready = isReady.value;
  useEffect(() => {
    if (view && ready && (place.value.unit !== null || unit !== undefined)) void fitChosen(view);
  }, [unit, ready]);

  const person = memberId.value;
  rosterVersion.value; // follows each frame: a person may get a place only now
  const isPlaced = placeOf(person) !== null;
  useEffect(() => {
    const at = placeOf(person);
    if (view && ready && at) view.look(at, false);
  }, [person, isPlaced, ready]);

  const tracked = track.value?.member === person ? person : null;
  useEffect(() => {
    const bounds = trackBounds(track.value?.points ?? []);
    if (view && ready && tracked !== null && bounds && view.zoom < STREET_ZOOM) view.lookAlong(bounds);
  }, [tracked, ready]);
}

export function CityMap() {
  const container = useRef<HTMLDivElement>(null);
  useMap(container);
  rosterVersion.value;
  const drawn = isReady.value ? (view?.points.n ?? 0) : 0;
  return (
    <div class={link.value === 'lost' ? 'city-map city-map-lost' : 'city-map'}>
      <div
        ref={container}
        class="city-map-canvas"
        role="region"
        aria-label={t('map.label')}
        data-testid="map"
        data-points={drawn}
        data-moves={roster.moves}
        data-ready={isReady.value}
        data-pen={held.value?.hand ?? 'off'}
        data-shades={shown.value?.kind ?? 'off'}
        data-shaded={shaded.value}
        data-confirmed={confirmed()}
      />
      <HoverCard />
      <ShadeCard />
      {held.value && <PenHint pen={held.value.pen} />}
    </div>
  );
}
