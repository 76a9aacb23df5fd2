/** The answer before, until the next one is here: a list that is searched keeps its rows while somebody types. */
import { useRef } from 'preact/hooks';

export function useKept<T>(value: T | null): T | null {
  const kept = useRef<T | null>(null);
  if (value !== null) kept.current = value;
  return kept.current;
}
