/** Where in a list of pages we are. Another question begins at its first page. */
import { useState } from 'preact/hooks';

export const PAGE = 50;

export function useOffset(question: string): [offset: number, setOffset: (offset: number) => void] {
  const [at, setAt] = useState({ question, offset: 0 });
  return [at.question === question ? at.offset : 0, (offset) => setAt({ question, offset })];
}
