/** Who is under the pointer, or which shaded grid, and in which corner there is room to say so. */
import { signal } from '@preact/signals';
import type { Corner } from './corner';

export const hovered = signal<{ member: number; at: Corner } | null>(null);
export const hoveredGrid = signal<{ unit: number; at: Corner } | null>(null);
