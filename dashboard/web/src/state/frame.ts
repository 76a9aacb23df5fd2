/** Which frame the window has room for. */
import { signal } from '@preact/signals';

const narrow = matchMedia('(max-width: 700px)');
export const isPhone = signal(narrow.matches);
narrow.addEventListener('change', () => {
  isPhone.value = narrow.matches;
});
