/** Whether anybody can see the page: what only refreshes a screen rests while it is hidden. */
import { signal } from '@preact/signals';

export const isVisible = signal(typeof document === 'undefined' || !document.hidden);

if (typeof document !== 'undefined') {
  document.addEventListener('visibilitychange', () => {
    isVisible.value = !document.hidden;
  });
}
