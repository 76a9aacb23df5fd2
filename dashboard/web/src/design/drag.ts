/** Rows that can be dragged onto each other. Whatever it does must also be possible by keyboard. */
import { useState } from 'preact/hooks';

export interface Dragging {
  canDrop: (id: number, onto: number) => boolean;
  onDrop: (id: number, onto: number) => void;
}

/** What a row's element takes; nothing where nothing can be dragged. */
export function useDragging(dragging: Dragging | undefined) {
  const [dragged, setDragged] = useState<number | null>(null);
  const [over, setOver] = useState<number | null>(null);
  const end = () => {
    setDragged(null);
    setOver(null);
  };
  return (id: number) => {
    if (!dragging) return {};
    const takes = dragged !== null && dragged !== id && dragging.canDrop(dragged, id);
    return {
      draggable: true,
      'data-dragged': dragged === id || undefined,
      'data-over': (takes && over === id) || undefined,
      onDragStart: (event: DragEvent) => {
        event.dataTransfer?.setData('text/plain', String(id)); // Firefox drags nothing without it
        setDragged(id);
      },
      onDragOver: (event: DragEvent) => {
        setOver(id);
        if (takes) event.preventDefault();
      },
      onDragEnd: end,
      onDrop: (event: DragEvent) => {
        event.preventDefault();
        if (takes) dragging.onDrop(dragged, id);
        end();
      },
    };
  };
}
