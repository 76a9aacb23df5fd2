/** The server's clock as we know it: ours plus an offset learned from each frame. */
import { signal } from '@preact/signals';

export const nowMs = signal(Date.now());
let offsetMs: number | null = null;

/** The largest offset seen belongs to the frame that travelled fastest; a step of over a minute is a clock being set. */
export function learnServerTime(serverMs: number): void {
  const seen = serverMs - Date.now();
  if (offsetMs === null || seen > offsetMs || offsetMs - seen > 60_000) offsetMs = seen;
}

export const serverNow = (): number => Date.now() + (offsetMs ?? 0);

export function startClock(onTick: () => void): () => void {
  const timer = setInterval(() => {
    nowMs.value = serverNow();
    onTick();
  }, 1000);
  return () => clearInterval(timer);
}
