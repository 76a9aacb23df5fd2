/** Who is under the pointer, and in which corner there is room to say so. */
import { signal } from '@preact/signals';
import type { Corner } from './corner';

export const hovered = signal<{ member: number; at: Corner } | null>(null);
