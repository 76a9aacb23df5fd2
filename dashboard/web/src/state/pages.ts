/** A long list page by page: the rows of one question, older ones behind them; a newer question drops the older answer. */
import { useEffect, useRef, useState } from 'preact/hooks';

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

/**
 * `key` names the question; `ask` gets the mark of the page before, null for the first one. With `everyMs` the first
 * page is asked again so often while it is the only one: who has gone on to older ones is not thrown back.
 */
export function usePages<T, M>(
  key: string,
  ask: (before: M | null) => Promise<Page<T, M>>,
  everyMs?: number,
): Pages<T> {
  const [state, setState] = useState<{ key: string; rows: readonly T[] | null; next: M | null }>({
    key: '',
    rows: null,
    next: null,
  });
  const [error, setError] = useState<unknown>(null);
  const [isBusy, setBusy] = useState(false);
  const [asked, setAsked] = useState(0);
  const [isLong, setLong] = useState(false); // older pages are here, too
  const wanted = useRef(key);
  wanted.current = key;
  const load = (before: M | null, isWanted: () => boolean) => {
    setBusy(true);
    setError(null);
    ask(before)
      .then(({ rows, next }) => {
        if (!isWanted()) return;
        setLong(before !== null);
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
  const again = useRef(() => {});
  again.current = () => {
    if (isBusy || state.key !== key || isLong) return;
    const asked = key;
    load(null, () => wanted.current === asked);
  };
  useEffect(() => {
    if (everyMs === undefined) return;
    const timer = setInterval(() => again.current(), everyMs);
    return () => clearInterval(timer);
  }, [everyMs]);
  return {
    rows: state.rows,
    hasMore: state.key === key && state.next !== null,
    error,
    isBusy,
    more: () => load(state.next, () => true),
    reload: () => setAsked(asked + 1),
  };
}
