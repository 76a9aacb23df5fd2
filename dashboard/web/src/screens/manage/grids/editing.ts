/** What the grid editor knows: the ground it stands on, what is drawn and not published, and what the server says of it. */
import { computed, signal } from '@preact/signals';
import type { Position } from 'geojson';
import {
  type Area,
  type EditedArea,
  type GridChange,
  type GridReport,
  getEditedArea,
  type Leaf,
  mergeGrids,
  type NewGrid,
  postGridSet,
  reshapeGrid,
  splitGrid,
} from '../../../api/gridsets';
import { named } from '../../../i18n';
import { unitsById } from '../../../state/units';

export type Tool = 'select' | 'split' | 'merge' | 'reshape' | 'draw';
export type Changes = ReadonlyMap<number, GridChange>;

const NOTHING: Changes = new Map();
const CORNER_M2 = 1; // a border that is cut moves by less than a step of the lattice

export const ground = signal<EditedArea | null>(null);
export const groundError = signal<unknown>(null);
export const viewed = signal<number | null>(null); // an older or planned version, to be looked at only
export const tool = signal<Tool>('select');
export const chosen = signal<readonly number[]>([]);
export const changes = signal<Changes>(NOTHING);
export const report = signal<GridReport | null>(null);
export const isBusy = signal(false);
export const editError = signal<unknown>(null);
export const mayMoveBorder = signal(false); // the city's own
/** The same unit in a newer version, when somebody else made one meanwhile. */
export const overtaken = signal<EditedArea | null>(null);
const undone = signal<readonly Changes[]>([]);
const done = signal<readonly Changes[]>([]);

export const canUndo = computed(() => done.value.length > 0);
export const canRedo = computed(() => undone.value.length > 0);
export const pending = computed(() => [...changes.value.values()]);
export const isReadOnly = computed(() => viewed.value !== null);

/** Every grid as it would be, with those that are new; none for those merged away. */
export const leaves = computed<Leaf[]>(() => {
  if (isReadOnly.value) return ground.value?.grids.features ?? [];
  const drawn = changes.value;
  const kept = (ground.value?.grids.features ?? []).flatMap((leaf) => {
    const change = drawn.get(leaf.properties.id);
    if (!change) return [leaf];
    return change.area ? [{ ...leaf, geometry: change.area }] : [];
  });
  const known = new Set(kept.map(({ properties }) => properties.id));
  const added = pending.value.filter(({ unit, area }) => area !== null && !known.has(unit));
  return [...kept, ...added.map(asLeaf)];
});

export const leavesById = computed(() => new Map(leaves.value.map((leaf) => [leaf.properties.id, leaf])));

function asLeaf({ unit, area, new: made }: GridChange): Leaf {
  const known = unitsById.value.get(unit);
  return {
    type: 'Feature',
    id: unit,
    geometry: area!,
    properties: {
      id: unit,
      code: made?.code ?? known?.code ?? '',
      name: made?.name ?? known?.name ?? '',
      level: made?.level ?? known?.level ?? '',
      parent: made?.parent ?? known?.parent ?? null,
      is_inside: true,
      may_change: true,
    },
  };
}

/** What a grid is called here, in the reader's language; a new one by the name it will have. */
export function nameOf(unit: number): string {
  const made = changes.value.get(unit)?.new;
  const known = made ?? unitsById.value.get(unit) ?? leavesById.value.get(unit)?.properties;
  return known ? named(known) : `#${-unit}`;
}

/** Whether a change gives a neighbour a corner more on its border and nothing else. */
export const isCornerOnly = (unit: number): boolean => {
  const said = report.value?.changed.find((one) => one.unit === unit);
  return (
    unit > 0 && said !== undefined && said.after_m2 > 0 && Math.max(said.gained_m2, said.lost_m2) < CORNER_M2
  );
};

let asked = 0;

export async function load(unit: number): Promise<void> {
  const mine = ++asked;
  ground.value = null;
  overtaken.value = null;
  groundError.value = null;
  chosen.value = [];
  try {
    const found = await getEditedArea(unit, viewed.value);
    if (mine === asked) ground.value = found;
  } catch (error) {
    if (mine === asked) groundError.value = error;
  }
}

/** Looks at what somebody else made meanwhile. */
export async function noticeNewer(unit: number, version: number): Promise<void> {
  const mine = asked;
  const stands = ground.value?.version;
  if (stands === undefined || stands === version || isReadOnly.value) return;
  try {
    const found = await getEditedArea(unit, null);
    if (mine === asked && ground.value?.version !== found.version) overtaken.value = found;
  } catch (error) {
    editError.value = error;
  }
}

const shapesOf = (area: EditedArea | null) =>
  new Map((area?.grids.features ?? []).map(({ id, geometry }) => [id, JSON.stringify(geometry)]));

/** Grids that are changed here and have another border, or none, in the newer version. */
export const disputed = computed<number[]>(() => {
  if (overtaken.value === null) return [];
  const [ours, theirs] = [shapesOf(ground.value), shapesOf(overtaken.value)];
  return [...changes.value.keys()].filter((unit) => unit > 0 && ours.get(unit) !== theirs.get(unit));
});

/** Goes on in the newer version: with what is drawn, if every grid in it is as it was. */
export function takeNewer(): void {
  if (overtaken.value === null) return;
  if (disputed.value.length > 0) forget();
  undone.value = []; // may concern grids that were not compared
  ground.value = overtaken.value;
  overtaken.value = null;
  void check();
}

/** Runs one edit; what it returns becomes a step that can be undone, and is checked at once. */
async function edit(work: (version: number) => Promise<readonly GridChange[]>): Promise<boolean> {
  const version = ground.value?.version;
  if (version === undefined || isBusy.value) return false;
  isBusy.value = true;
  editError.value = null;
  try {
    const made = await work(version);
    step(new Map([...changes.value, ...made.map((change) => [change.unit, change] as const)]));
    void check();
    return true;
  } catch (error) {
    editError.value = error;
    return false;
  } finally {
    isBusy.value = false;
  }
}

function step(next: Changes): void {
  done.value = [...done.value, changes.value];
  undone.value = [];
  changes.value = next;
}

const keep = (unit: number, area: Area): GridChange => ({
  unit,
  area,
  new: changes.value.get(unit)?.new ?? null,
});

const nextNumber = (): number => Math.min(0, ...changes.value.keys()) - 1;

export function split(unit: number, line: Position[]): Promise<boolean> {
  return edit(async (version) => {
    const { pieces, changed } = await splitGrid(version, pending.value, unit, line);
    const first = nextNumber();
    const rest = pieces.slice(1).map((area, at) => ({
      unit: first - at,
      area,
      new: pieceOf(unit, at + 2),
    }));
    chosen.value = [];
    return [keep(unit, pieces[0]!), ...rest, ...changed.map((each) => keep(each.unit, each.area))];
  });
}

function pieceOf(unit: number, number: number): NewGrid {
  const from = leavesById.value.get(unit)!.properties;
  const english = changes.value.get(unit)?.new?.name_en ?? unitsById.value.get(unit)?.name_en;
  return {
    parent: from.parent!,
    level: from.level,
    name: `${from.name}-${number}`,
    name_en: english ? `${english}-${number}` : null,
    code: null,
  };
}

/** The first one chosen takes the others in; they keep their people. */
export function merge(units: readonly number[]): Promise<boolean> {
  return edit(async (version) => {
    const { area } = await mergeGrids(version, pending.value, units);
    const [first, ...rest] = units as [number, ...number[]];
    chosen.value = [first];
    return [keep(first, area), ...rest.map((unit) => ({ unit, area: null, new: null }))];
  });
}

export function reshape(unit: number, area: Area): Promise<boolean> {
  return edit(async (version) => {
    const { changed } = await reshapeGrid(version, pending.value, unit, area, mayMoveBorder.value);
    return changed.map((each) => keep(each.unit, each.area));
  });
}

export function rename(unit: number, given: Partial<NewGrid>): void {
  const change = changes.value.get(unit);
  if (!change?.new) return;
  changes.value = new Map([...changes.value, [unit, { ...change, new: { ...change.new, ...given } }]]);
}

/** New grids that were merged away again never were. */
const toPublish = (): GridChange[] => pending.value.filter(({ unit, area }) => unit > 0 || area !== null);

export async function check(): Promise<void> {
  const asked = changes.value;
  report.value = null;
  const version = ground.value?.version;
  if (toPublish().length === 0 || version === undefined) return;
  try {
    const found = await postGridSet({
      based_on: version,
      changes: toPublish(),
      may_move_border: mayMoveBorder.value,
      dry_run: true,
    });
    if (asked === changes.value) report.value = found;
  } catch (error) {
    editError.value = error;
  }
}

export async function publish(takesEffectAt: string | null, note: string): Promise<GridReport> {
  const found = await postGridSet({
    based_on: ground.value!.version,
    changes: toPublish(),
    may_move_border: mayMoveBorder.value,
    takes_effect_at: takesEffectAt,
    note,
  });
  forget();
  return found;
}

function turn(from: typeof done, to: typeof done): void {
  const before = from.value.at(-1);
  if (!before || isBusy.value) return;
  to.value = [...to.value, changes.value];
  from.value = from.value.slice(0, -1);
  changes.value = before;
  chosen.value = chosen.value.filter((unit) => leavesById.value.has(unit));
  editError.value = null;
  void check();
}

export const undo = () => turn(done, undone);
export const redo = () => turn(undone, done);

/** The city's own border: open or fixed for what is drawn from now on, and for the check. */
export function openBorder(isOpen: boolean): void {
  mayMoveBorder.value = isOpen;
  void check();
}

/** Drops all that is drawn. */
export function forget(): void {
  changes.value = NOTHING;
  done.value = [];
  undone.value = [];
  chosen.value = [];
  report.value = null;
  editError.value = null;
  mayMoveBorder.value = false;
  tool.value = 'select';
}

export function choose(unit: number, isMore: boolean): void {
  const has = chosen.value.includes(unit);
  if (!isMore) chosen.value = [unit];
  else chosen.value = has ? chosen.value.filter((each) => each !== unit) : [...chosen.value, unit];
}
