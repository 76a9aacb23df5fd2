/** Binds the editor's map to what is edited, with the tools and their keys. */
import 'maplibre-gl/dist/maplibre-gl.css';
import { effect } from '@preact/signals';
import {
  Check,
  Combine,
  type IconNode,
  MousePointer2,
  PenTool,
  Redo2,
  Scissors,
  Undo2,
  VectorSquare,
  X,
} from 'lucide';
import { useEffect, useRef, useState } from 'preact/hooks';
import type { Area } from '../../../api/gridsets';
import { Button, SquareButton } from '../../../design/Button';
import { explain } from '../../../design/Feedback';
import { Icon } from '../../../design/Icon';
import { type Key, t } from '../../../i18n';
import { me } from '../../../state/session';
import { theme } from '../../../state/theme';
import { shortName, unitsById } from '../../../state/units';
import { EditMap, type Look } from './EditMap';
import {
  canRedo,
  canUndo,
  changes,
  choose,
  chosen,
  editError,
  ground,
  isBusy,
  isCornerOnly,
  isReadOnly,
  leaves,
  leavesById,
  merge,
  nameOf,
  redo,
  report,
  reshape,
  split,
  type Tool,
  tool,
  undo,
} from './editing';

const TOOLS: readonly { tool: Tool; key: string; label: Key; how: Key; icon: IconNode }[] = [
  { tool: 'select', key: '1', label: 'grids.select', how: 'grids.select.how', icon: MousePointer2 },
  { tool: 'split', key: '2', label: 'grids.split', how: 'grids.split.how', icon: Scissors },
  { tool: 'merge', key: '3', label: 'grids.merge', how: 'grids.merge.how', icon: Combine },
  { tool: 'reshape', key: '4', label: 'grids.reshape', how: 'grids.reshape.how', icon: VectorSquare },
];
const DRAWING = { tool: 'draw', label: 'grids.draw', how: 'grids.draw.how', icon: PenTool } as const;

let map: EditMap | null = null;

/** The unit without an area that is drawn now. */
export const drawFor = (unit: number): void => {
  chosen.value = [unit];
  use('draw');
};

export const lookAt = (place: [number, number], m2: number): void => map?.look(place, m2);

function use(next: Tool): void {
  if (isReadOnly.value && next !== 'select') return;
  editError.value = null;
  tool.value = next;
  if (next === 'split' || next === 'draw') map?.use(next);
  else map?.use('static');
  if (next === 'reshape' && chosen.value.length > 0) startReshape(chosen.value[0]!);
  map?.focus();
}

function startReshape(unit: number): void {
  const leaf = leavesById.value.get(unit);
  chosen.value = [unit];
  if (leaf && !map?.edit(leaf.geometry)) editError.value = t('grids.reshape.no');
}

function pick(unit: number | null, isMore: boolean): void {
  if (unit === null) {
    if (!isMore) chosen.value = [];
    return;
  }
  if (!leavesById.value.get(unit)?.properties.may_change) {
    editError.value = t('grids.notyours', { name: nameOf(unit) });
    return;
  }
  editError.value = null;
  if (tool.value === 'reshape') startReshape(unit);
  else choose(unit, isMore || tool.value === 'merge');
}

/** What Enter does with the tool at hand. */
async function finish(): Promise<void> {
  const units = chosen.value;
  if (tool.value === 'merge' && units.length > 1) {
    if (await merge(units)) use('select');
  }
  const area = tool.value === 'reshape' ? map?.editedArea : null;
  if (area && units[0] !== undefined && (await reshape(units[0], area))) use('select');
}

/** What was drawn and refused is not lost: its corners can be dragged until it is right. */
async function takeDrawn(unit: number, area: Area): Promise<void> {
  if (await reshape(unit, area)) use('select');
  else if (map?.edit(area)) tool.value = 'reshape';
}

async function cutAlong(line: number[][]): Promise<void> {
  const unit = chosen.value.length === 1 ? chosen.value[0]! : map?.unitUnder(line);
  if (unit === null || unit === undefined) editError.value = t('grids.split.where');
  else if (!leavesById.value.get(unit)?.properties.may_change) pick(unit, false);
  else if (await split(unit, line)) use('select');
}

function onKey(event: KeyboardEvent): void {
  const target = event.target as HTMLElement;
  if (target.matches('input, textarea, select') || document.querySelector('dialog[open]')) return;
  const isOnMap = target.matches('canvas');
  const wanted = TOOLS.find(({ key }) => key === event.key);
  const isCommand = event.ctrlKey || event.metaKey;
  const heed = (run: () => void) => {
    event.preventDefault();
    run();
  };
  if (isCommand && event.key.toLowerCase() === 'z') heed(event.shiftKey ? redo : undo);
  else if (isCommand && event.key.toLowerCase() === 'y') heed(redo);
  else if (isCommand || event.altKey) return;
  else if (wanted) heed(() => use(wanted.tool));
  else if (event.key === 'Escape' && (tool.value !== 'select' || chosen.value.length > 0)) {
    heed(() => {
      chosen.value = [];
      use('select');
    });
  } else if (isOnMap && event.key === 'Enter') heed(() => void finish());
  else if (isOnMap && event.key === ' ') heed(pressCentre);
}

/** The space bar does at the middle of the map what a click does under the pointer. */
function pressCentre(): void {
  if (tool.value === 'split' || tool.value === 'draw') map?.pressCentre();
  else pick(map?.unitAtCentre() ?? null, false);
}

const lookOf = (unit: number, isInside: boolean): Look => {
  const isChanged = !isReadOnly.value && changes.value.has(unit) && !isCornerOnly(unit);
  if (isChanged) return unit < 0 ? 'new' : 'changed';
  return isInside ? 'plain' : 'around';
};

function labelOf(unit: number): string {
  const known = unitsById.value.get(unit);
  return known && unit > 0 ? shortName(known) : nameOf(unit);
}

function bind(view: EditMap): (() => void)[] {
  let fitted: unknown = null;
  return [
    effect(() => {
      theme.value;
      view.paint();
    }),
    effect(() => {
      const picked = new Set(chosen.value);
      view.show(
        leaves.value.map((leaf) => {
          const { id, is_inside } = leaf.properties;
          return { leaf, look: lookOf(id, is_inside), isChosen: picked.has(id), name: labelOf(id) };
        }),
      );
    }),
    effect(() => view.showProblems(report.value?.problems ?? [])),
    effect(() => {
      const here = ground.value;
      if (here === null || here === fitted) return;
      fitted = here;
      const inside = here.grids.features.filter(({ properties }) => properties.is_inside);
      view.fit(inside.map(({ geometry }) => geometry));
    }),
  ];
}

function useEditMap(container: { current: HTMLDivElement | null }): boolean {
  const [isReady, setReady] = useState(false);
  useEffect(() => {
    const city = me.value?.city.bounds ?? null;
    const view = new EditMap(container.current!, city, me.value?.settings.basemap ?? null, {
      pick,
      line: (line) => void cutAlong(line),
      area: (area) => {
        const [unit] = chosen.value;
        if (unit !== undefined) void takeDrawn(unit, area);
      },
    });
    map = view;
    let stops: (() => void)[] = [];
    void view.ready.then(() => {
      if (map !== view) return;
      stops = bind(view);
      setReady(true);
    });
    document.addEventListener('keydown', onKey, true); // before the keys of the whole screen
    return () => {
      document.removeEventListener('keydown', onKey, true);
      for (const stop of stops) stop();
      map = null;
      view.remove();
      tool.value = 'select';
    };
  }, []);
  return isReady;
}

export function GridMap() {
  const container = useRef<HTMLDivElement>(null);
  const isReady = useEditMap(container);
  const placed = chosen.value.length === 1 ? leavesById.value.get(chosen.value[0]!) : undefined;
  return (
    <div class="grid-map">
      <div class="city-map">
        <div
          ref={container}
          class="grid-map-canvas"
          role="region"
          aria-label={t('grids.map')}
          data-testid="grid-map"
          data-ready={isReady}
          data-grids={leaves.value.length}
          data-chosen={placed?.properties.code}
        />
      </div>
      {(tool.value === 'split' || tool.value === 'draw') && <div class="map-cross" aria-hidden="true" />}
      {!isReadOnly.value && <Toolbar />}
      <Hint />
    </div>
  );
}

function Toolbar() {
  return (
    <div class="grid-tools" role="toolbar" aria-label={t('grids.tools')}>
      {TOOLS.map(({ tool: each, key, label, icon }) => (
        <button
          key={each}
          type="button"
          class="grid-tool"
          aria-pressed={tool.value === each}
          title={t(label)}
          data-testid={`tool-${each}`}
          onClick={() => use(each)}
        >
          <Icon node={icon} />
          <span>{t(label)}</span>
          <kbd>{key}</kbd>
        </button>
      ))}
      <span class="grid-tools-gap" />
      <SquareButton
        icon={Undo2}
        label={t('grids.undo')}
        disabled={!canUndo.value}
        onClick={undo}
        testId="undo"
      />
      <SquareButton
        icon={Redo2}
        label={t('grids.redo')}
        disabled={!canRedo.value}
        onClick={redo}
        testId="redo"
      />
    </div>
  );
}

/** One line on what to do now, and the buttons that do it; what went wrong takes its place. */
function Hint() {
  const at = [...TOOLS, DRAWING].find((each) => each.tool === tool.value)!;
  const names = chosen.value.map(nameOf);
  const isMerging = tool.value === 'merge' && chosen.value.length > 1;
  const isReshaping = tool.value === 'reshape' && chosen.value.length === 1;
  return (
    <div class="map-hint" role="status">
      {editError.value ? (
        <p class="map-hint-bad">
          {typeof editError.value === 'string' ? editError.value : explain(editError.value)}
        </p>
      ) : (
        <p>
          {names.length > 0 && <strong>{names.join(t('list.comma'))} </strong>}
          <span class="second" data-testid="hint">
            {isBusy.value ? t('grids.busy') : t(isReadOnly.value ? 'grids.readonly' : at.how)}
          </span>
        </p>
      )}
      {(isMerging || isReshaping) && (
        <Button
          icon={Check}
          look="main"
          disabled={isBusy.value}
          onClick={() => void finish()}
          testId="finish"
        >
          {isMerging ? t('grids.merge.do', { count: chosen.value.length }) : t('grids.reshape.do')}
        </Button>
      )}
      {tool.value !== 'select' && (
        <Button
          icon={X}
          onClick={() => {
            chosen.value = [];
            use('select');
          }}
        >
          {t('grids.cancel')}
        </Button>
      )}
    </div>
  );
}
