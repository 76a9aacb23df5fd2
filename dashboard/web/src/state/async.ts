/** One value fetched for a component: loading, failed or here; a newer question drops the older answer. */
import { useCallback, useEffect, useRef, useState } from 'preact/hooks';

export interface Fetched<T> {
  value: T | null;
  error: unknown;
  reload: () => void;
}

/** Keeps the old value while a reload is under way; `key` names the question. `null` asks nothing. */
export function useFetched<T>(key: string | null, fetch: () => Promise<T>, everyMs?: number): Fetched<T> {
  const [answer, setAnswer] = useState<{ key: string | null; value: T | null; error: unknown }>({
    key: null,
    value: null,
    error: null,
  });
  const wanted = useRef(key);
  wanted.current = key;
  const ask = useRef(fetch);
  ask.current = fetch;

  const reload = useCallback(() => {
    const asked = wanted.current;
    if (asked === null) return;
    const current = () => wanted.current === asked;
    ask.current().then(
      (value) => current() && setAnswer({ key: asked, value, error: null }),
      (error) =>
        current() &&
        setAnswer((before) => ({ key: asked, value: before.key === asked ? before.value : null, error })),
    );
  }, []);

  useEffect(() => {
    reload();
    if (everyMs === undefined) return;
    const timer = setInterval(reload, everyMs);
    return () => clearInterval(timer);
  }, [key, everyMs, reload]);

  const isHere = answer.key === key;
  return { value: isHere ? answer.value : null, error: isHere ? answer.error : null, reload };
}
