import { ChevronRight, Square, SquareCheck } from 'lucide';
import type { ComponentChildren } from 'preact';
import { useEffect, useLayoutEffect, useState } from 'preact/hooks';
import { type Dragging, useDragging } from './drag';
import { Icon } from './Icon';
import { useSlice } from './List';

export interface TreeNode {
  id: number;
  depth: number;
  hasChildren: boolean;
  isOpen: boolean;
  label: string;
}

interface Props {
  id?: string;
  label: string;
  nodes: readonly TreeNode[]; // only the visible ones, in order
  chosen: number | null;
  ticked?: readonly number[]; // several may be chosen, by ticks
  rowPx: number;
  onChoose: (id: number) => void;
  onFold: (id: number, open: boolean) => void;
  dragging?: Dragging;
  children: (node: TreeNode) => ComponentChildren;
}

const INDENT_PX = 14;

/** Keys as the ARIA tree pattern has them: arrows walk and fold, Enter chooses, Home and End jump. */
export function Tree({
  id = 'tree',
  label,
  nodes,
  chosen,
  ticked,
  rowPx,
  onChoose,
  onFold,
  dragging,
  children,
}: Props) {
  const [here, setHere] = useState(chosen);
  const { box, first, last } = useSlice(nodes.length, rowPx);
  const dragOf = useDragging(dragging);
  useEffect(() => setHere(chosen), [chosen]);
  const at = Math.max(
    0,
    nodes.findIndex((node) => node.id === here),
  );

  useLayoutEffect(() => {
    const node = box.current;
    if (!node) return;
    const top = at * rowPx;
    if (top < node.scrollTop) node.scrollTop = top;
    else if (top + rowPx > node.scrollTop + node.clientHeight)
      node.scrollTop = top + rowPx - node.clientHeight;
  }, [here]);

  const parentOf = (index: number) => {
    const depth = nodes[index]?.depth ?? 0;
    for (let up = index - 1; up >= 0; up--) if (nodes[up]!.depth < depth) return nodes[up];
    return undefined;
  };

  const onKeyDown = (event: KeyboardEvent) => {
    const node = nodes[at];
    if (!node) return;
    const moves: Record<string, () => void> = {
      ArrowDown: () => setHere(nodes[Math.min(at + 1, nodes.length - 1)]!.id),
      ArrowUp: () => setHere(nodes[Math.max(at - 1, 0)]!.id),
      Home: () => setHere(nodes[0]!.id),
      End: () => setHere(nodes[nodes.length - 1]!.id),
      ArrowRight: () => {
        if (node.hasChildren && !node.isOpen) onFold(node.id, true);
        else if (node.hasChildren) setHere(nodes[at + 1]?.id ?? node.id);
      },
      ArrowLeft: () => (node.isOpen ? onFold(node.id, false) : setHere(parentOf(at)?.id ?? node.id)),
      Enter: () => onChoose(node.id),
      ' ': () => onChoose(node.id),
    };
    const move = moves[event.key];
    if (!move) return;
    event.preventDefault();
    event.stopPropagation();
    move();
  };

  return (
    <div
      ref={box}
      class="list tree"
      role="tree"
      id={id}
      aria-label={label}
      aria-multiselectable={ticked !== undefined}
      tabIndex={0}
      aria-activedescendant={nodes[at] ? `${id}-${nodes[at].id}` : undefined}
      onKeyDown={onKeyDown}
    >
      <div class="list-space" role="presentation" style={{ height: `${nodes.length * rowPx}px` }}>
        {nodes.slice(first, last).map((node, offset) => (
          <div
            key={node.id}
            id={`${id}-${node.id}`}
            class={node.id === nodes[at]?.id ? 'list-item tree-item tree-item-here' : 'list-item tree-item'}
            role="treeitem"
            tabIndex={-1}
            aria-label={node.label}
            aria-level={node.depth + 1}
            aria-selected={ticked ? ticked.includes(node.id) : node.id === chosen}
            aria-expanded={node.hasChildren ? node.isOpen : undefined}
            style={{ top: `${(first + offset) * rowPx}px`, height: `${rowPx}px` }}
            onClick={() => {
              setHere(node.id);
              onChoose(node.id);
            }}
            onKeyDown={onKeyDown}
            {...dragOf(node.id)}
          >
            <div class="tree-row" style={{ paddingLeft: `${4 + node.depth * INDENT_PX}px` }}>
              <Fold node={node} onFold={onFold} />
              {ticked && <Tick isOn={ticked.includes(node.id)} />}
              {children(node)}
            </div>
          </div>
        ))}
      </div>
    </div>
  );
}

function Fold({ node, onFold }: { node: TreeNode; onFold: Props['onFold'] }) {
  const fold = (event: MouseEvent) => {
    event.stopPropagation();
    onFold(node.id, !node.isOpen);
  };
  return (
    <span
      class="tree-fold"
      data-open={node.isOpen}
      onClick={node.hasChildren ? fold : undefined}
      aria-hidden="true"
    >
      {node.hasChildren && <Icon node={ChevronRight} />}
    </span>
  );
}

const Tick = ({ isOn }: { isOn: boolean }) => <Icon node={isOn ? SquareCheck : Square} />;
