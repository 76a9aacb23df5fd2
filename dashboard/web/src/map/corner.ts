/** Where a card beside the pointer hangs, so that it stays inside the map: from the pointer's nearer edges. */
const GAP_PX = 14;

export type Corner = Partial<Record<'left' | 'right' | 'top' | 'bottom', string>>;

export function nearerEdges(at: { x: number; y: number }, size: { width: number; height: number }): Corner {
  const isRight = at.x > size.width / 2;
  const isLow = at.y > size.height / 2;
  return {
    ...(isRight ? { right: `${size.width - at.x + GAP_PX}px` } : { left: `${at.x + GAP_PX}px` }),
    ...(isLow ? { bottom: `${size.height - at.y + GAP_PX}px` } : { top: `${at.y + GAP_PX}px` }),
  };
}
