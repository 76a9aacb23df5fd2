/** A form on one thing that others may edit at the same time: what is typed, what failed, what they saved meanwhile. */
import { useRef, useState } from 'preact/hooks';
import { ApiError } from '../api/errors';
import { changes, isChanged, merged, type Theirs, theirChanges } from './edits';

interface Options<T, D extends object> {
  thing: T | null; // null: a new one
  toDraft: (thing: T) => D;
  blank?: D; // of a new one
  send: (draft: D, change: Partial<D>, revision: number) => Promise<T>;
  reload?: () => Promise<T>; // asked when somebody else saved first
  onSaved: (saved: T) => void;
}

export interface Editing<D extends object> {
  draft: D;
  set: (change: Partial<D>) => void;
  isDirty: boolean;
  isBusy: boolean;
  error: unknown; // what belongs to no field
  errorAt: (field: string) => string | null;
  conflict: readonly Theirs<D>[] | null;
  save: () => void;
  keepMine: () => void;
  takeTheirs: () => void;
}

interface State<T, D> {
  base: D;
  draft: D;
  revision: number;
  isBusy: boolean;
  error: unknown;
  theirs: T | null;
}

type Revised = { revision: number };
const isOvertaken = (error: unknown): boolean =>
  error instanceof ApiError && error.word === 'revision_conflict';

export function useEditing<T extends Revised, D extends object>(options: Options<T, D>): Editing<D> {
  const first = options.thing ? options.toDraft(options.thing) : options.blank!;
  const [state, setState] = useState<State<T, D>>({
    base: first,
    draft: first,
    revision: options.thing?.revision ?? 0,
    isBusy: false,
    error: null,
    theirs: null,
  });
  const newest = useRef(state);
  const put = (change: Partial<State<T, D>>) => {
    newest.current = { ...newest.current, ...change };
    setState(newest.current);
  };

  const fail = async (error: unknown) => {
    const theirs = isOvertaken(error) ? await options.reload?.().catch(() => null) : null;
    put({ isBusy: false, error: theirs ? null : error, theirs: theirs ?? null });
  };

  const save = async () => {
    const { base, draft, revision, isBusy } = newest.current;
    if (isBusy) return;
    put({ isBusy: true, error: null });
    try {
      const saved = await options.send(draft, changes(base, draft), revision);
      const after = options.thing ? options.toDraft(saved) : draft;
      put({ base: after, draft: after, revision: saved.revision, isBusy: false, theirs: null });
      options.onSaved(saved);
    } catch (error) {
      await fail(error);
    }
  };

  const settle = (draftOf: (now: State<T, D>, theirs: D) => D) => {
    const now = newest.current;
    if (!now.theirs) return;
    const theirs = options.toDraft(now.theirs);
    put({ base: theirs, draft: draftOf(now, theirs), revision: now.theirs.revision, theirs: null });
  };

  const { base, draft, error, theirs, isBusy } = state;
  const field = error instanceof ApiError ? error.field : null;
  return {
    draft,
    set: (change) => put({ draft: { ...newest.current.draft, ...change }, error: null }),
    isDirty: isChanged(base, draft),
    isBusy,
    error: field ? null : error,
    errorAt: (name) => (field === name && error instanceof ApiError ? error.message : null),
    conflict: theirs ? theirChanges(base, draft, options.toDraft(theirs)) : null,
    save: () => void save(),
    keepMine: () => {
      settle((now, saved) => merged(now.base, now.draft, saved));
      void save();
    },
    takeTheirs: () => settle((_, saved) => saved),
  };
}
