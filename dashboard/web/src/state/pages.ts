/** A long list page by page: the rows of one question, older ones behind them; a newer question drops the older answer. */
import { useEffect, useState } from 'preact/hooks';

export interface Pages<T> {
  rows: readonly T[] | null;
  hasMore: boolean;
  error: unknown;
  isBusy: boolean;
  more: () => void;
  reload: () => void;
}

interface Page<T, M> {
  rows: readonly T[];
  next: M | null;
}

/** `key` names the question; `ask` gets the mark of the page before, null for the first one. */
export function usePages<T, M>(key: string, ask: (before: M | null) => Promise<Page<T, M>>): Pages<T> {
  const [state, setState] = useState<{ key: string; rows: readonly T[] | null; next: M | null }>({
    key: '',
    rows: null,
    next: null,
  });
  const [error, setError] = useState<unknown>(null);
  const [isBusy, setBusy] = useState(false);
  const [asked, setAsked] = useState(0);
  const load = (before: M | null, isWanted: () => boolean) => {
    setBusy(true);
    setError(null);
    ask(before)
      .then(({ rows, next }) => {
        if (!isWanted()) return;
        setState((old) => ({ key, next, rows: before === null ? rows : [...(old.rows ?? []), ...rows] }));
      })
      .catch((failure) => isWanted() && setError(failure))
      .finally(() => isWanted() && setBusy(false));
  };
  useEffect(() => {
    let isWanted = true;
    load(null, () => isWanted);
    return () => {
      isWanted = false;
    };
  }, [key, asked]);
  return {
    rows: state.rows,
    hasMore: state.key === key && state.next !== null,
    error,
    isBusy,
    more: () => load(state.next, () => true),
    reload: () => setAsked(asked + 1),
  };
}
