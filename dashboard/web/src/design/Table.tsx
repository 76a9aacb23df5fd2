/** Rows of like things in columns, with what to show while there are none. */
import { ArrowDown, ArrowUp } from 'lucide';
import type { ComponentChildren } from 'preact';
import { useRef, useState } from 'preact/hooks';
import { t } from '../i18n';
import { Failure, Skeleton } from './Feedback';
import { Icon } from './Icon';

export interface Column<T> {
  name: string;
  label: string;
  cell: (row: T) => ComponentChildren;
  width?: string; // of CSS; what is not given shares the rest
  end?: boolean; // numbers and moments stand at the right
  isNamed?: boolean; // says its label where heads are hidden: a bare number tells nothing there
  /** Only for lists that are here whole: a page sorted by itself would mislead. */
  sortBy?: (row: T) => string | number;
}

interface Props<T> {
  label: string;
  columns: readonly Column<T>[]; // the first one names the row
  rows: readonly T[] | null; // null: not here yet
  keyOf: (row: T) => string | number;
  empty: ComponentChildren;
  error?: unknown;
  onRetry?: () => void;
  chosen?: string | number | null;
  onChoose?: (row: T) => void;
  isFixed?: boolean; // columns keep their widths, and long texts are cut
  picked?: ReadonlySet<string | number>; // keys of rows for something to be done to many at once
  onPick?: (keys: ReadonlySet<string | number>) => void;
  pickLabel?: (row: T) => string;
}

interface Sorting {
  name: string;
  isUp: boolean;
}

function sorted<T>(rows: readonly T[], columns: readonly Column<T>[], by: Sorting | null): readonly T[] {
  const value = columns.find(({ name }) => name === by?.name)?.sortBy;
  if (!by || !value) return rows;
  const order = (a: T, b: T) => {
    const [left, right] = [value(a), value(b)];
    if (typeof left === 'number' && typeof right === 'number') return left - right;
    return String(left).localeCompare(String(right));
  };
  return [...rows].sort((a, b) => (by.isUp ? order(a, b) : order(b, a)));
}

/** One stop of the Tab key: arrows, Home and End walk the rows, Enter opens one. */
function walk(event: KeyboardEvent): void {
  const box = event.currentTarget as HTMLElement;
  const rows = [...box.querySelectorAll<HTMLElement>('.table-open')];
  const at = rows.indexOf(document.activeElement as HTMLElement);
  if (at < 0) return;
  const moves: Record<string, number> = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: rows.length - 1 };
  const next = moves[event.key];
  if (next === undefined) return;
  event.preventDefault();
  rows[Math.max(0, Math.min(next, rows.length - 1))]?.focus();
}

export function Table<T>(props: Props<T>) {
  const { label, columns, rows, keyOf, empty, error, onRetry, chosen, onChoose } = props;
  const { picked, onPick, pickLabel, isFixed } = props;
  const [by, setBy] = useState<Sorting | null>(null);
  const [here, setHere] = useState<string | number | null>(null);
  const box = useRef<HTMLDivElement>(null);
  if (error && !rows) return <Failure what={label} error={error} onRetry={onRetry ?? (() => undefined)} />;
  if (!rows) return <Skeleton label={label} />;
  if (rows.length === 0) return <>{empty}</>;
  const shown = sorted(rows, columns, by);
  const wanted = here ?? chosen ?? null;
  const stop = shown.some((row) => keyOf(row) === wanted) ? wanted : keyOf(shown[0]!);
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling region must be reachable by keyboard
    <div ref={box} class="data" role="group" aria-label={label} tabIndex={0} onKeyDown={walk}>
      <table class={isFixed ? 'data-table data-fixed' : 'data-table'}>
        <thead>
          <tr>
            {picked && <PickAll keys={shown.map(keyOf)} picked={picked} onPick={onPick} />}
            {columns.map((column) => (
              <Head key={column.name} column={column} by={by} onSort={setBy} />
            ))}
          </tr>
        </thead>
        <tbody>
          {shown.map((row) => {
            const key = keyOf(row);
            return (
              <Row
                key={key}
                row={row}
                columns={columns}
                isChosen={chosen === key}
                isStop={stop === key}
                onFocus={() => setHere(key)}
                onChoose={onChoose}
                isPicked={picked?.has(key)}
                pickLabel={pickLabel?.(row)}
                onPick={() => picked && onPick?.(toggled(picked, key))}
              />
            );
          })}
        </tbody>
      </table>
    </div>
  );
}

const toggled = (picked: ReadonlySet<string | number>, key: string | number) => {
  const next = new Set(picked);
  if (!next.delete(key)) next.add(key);
  return next;
};

interface PickAllProps {
  keys: readonly (string | number)[];
  picked: ReadonlySet<string | number>;
  onPick?: (keys: ReadonlySet<string | number>) => void;
}

function PickAll({ keys, picked, onPick }: PickAllProps) {
  const isAll = keys.every((key) => picked.has(key));
  return (
    <td class="data-pick">
      <input
        type="checkbox"
        aria-label={t('table.pick.all')}
        checked={isAll}
        onChange={() => onPick?.(new Set(isAll ? [] : keys))}
      />
    </td>
  );
}

interface HeadProps<T> {
  column: Column<T>;
  by: Sorting | null;
  onSort: (by: Sorting) => void;
}

function Head<T>({ column, by, onSort }: HeadProps<T>) {
  const { name, label, width, end, sortBy } = column;
  const isBy = by?.name === name;
  const order = isBy ? (by.isUp ? 'ascending' : 'descending') : 'none';
  return (
    <th
      scope="col"
      class={end ? 'data-end' : undefined}
      style={{ width }}
      aria-sort={sortBy ? order : undefined}
    >
      {sortBy ? (
        <button type="button" class="data-sort" onClick={() => onSort({ name, isUp: !(isBy && by.isUp) })}>
          {label}
          {isBy && <Icon node={by.isUp ? ArrowUp : ArrowDown} />}
        </button>
      ) : (
        label
      )}
    </th>
  );
}

interface RowProps<T> {
  row: T;
  columns: readonly Column<T>[];
  isChosen: boolean;
  isStop: boolean;
  onFocus: () => void;
  onChoose?: (row: T) => void;
  isPicked?: boolean; // undefined: rows cannot be picked
  pickLabel?: string;
  onPick: () => void;
}

function Row<T>(props: RowProps<T>) {
  const { row, columns, isChosen, isStop, onFocus, onChoose, isPicked, pickLabel, onPick } = props;
  const [first, ...rest] = columns;
  const press = () => {
    if (document.getSelection()?.isCollapsed ?? true) onChoose?.(row); // marking a code to copy opens nothing
  };
  return (
    <tr class={onChoose && 'data-row'} aria-current={isChosen || undefined} onClick={onChoose && press}>
      {isPicked !== undefined && (
        // biome-ignore lint/a11y/useKeyWithClickEvents: the box inside is what keys go to
        <td class="data-pick" onClick={(event) => event.stopPropagation()}>
          <input type="checkbox" aria-label={pickLabel} checked={isPicked} onChange={onPick} />
        </td>
      )}
      <th scope="row">
        {onChoose ? (
          <button
            type="button"
            class="table-open"
            tabIndex={isStop ? 0 : -1}
            onFocus={onFocus}
            onClick={(event) => {
              event.stopPropagation();
              onChoose(row);
            }}
          >
            {first?.cell(row)}
          </button>
        ) : (
          first?.cell(row)
        )}
      </th>
      {rest.map((column) => (
        <td
          key={column.name}
          class={column.end ? 'data-end' : undefined}
          data-label={column.isNamed ? column.label : undefined}
        >
          {column.cell(row)}
        </td>
      ))}
    </tr>
  );
}
