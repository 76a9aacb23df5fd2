/** All units, to choose one and to drag one below another. Only the visible rows are drawn. */
import { useEffect } from 'preact/hooks';
import { Failure, Skeleton } from '../../../design/Feedback';
import { Tree, type TreeNode } from '../../../design/Tree';
import { number, t } from '../../../i18n';
import { can, me } from '../../../state/session';
import {
  branches,
  fold,
  loadUnits,
  openUnits,
  reveal,
  shortName,
  subtreeOf,
  unitsById,
  unitsError,
} from '../../../state/units';

interface Props {
  chosen: number | null;
  onChoose: (unit: number) => void;
  onMove: (unit: number, onto: number) => void;
}

export function OrganisationTree({ chosen, onChoose, onMove }: Props) {
  const isHere = chosen !== null && unitsById.value.has(chosen);
  useEffect(() => {
    if (isHere) reveal(chosen);
  }, [chosen, isHere]);
  const root = unitsById.value.get(me.value?.unit.id ?? 0);
  if (!root) {
    if (unitsError.value)
      return <Failure what={t('tree')} error={unitsError.value} onRetry={() => void loadUnits()} />;
    return <Skeleton label={t('tree')} />;
  }
  const nodes: TreeNode[] = branches(root, openUnits.value).map(({ unit, ...branch }) => ({
    id: unit.id,
    ...branch,
    label: shortName(unit),
  }));
  return (
    <Tree
      label={t('tree')}
      nodes={nodes}
      chosen={chosen}
      rowPx={32}
      onChoose={onChoose}
      onFold={fold}
      dragging={can('administrator') ? { canDrop, onDrop: onMove } : undefined}
    >
      {(node) => (
        <>
          <span class="grow clip">{node.label}</span>
          <span class="row-end">{number(unitsById.value.get(node.id)?.members ?? 0)}</span>
        </>
      )}
    </Tree>
  );
}

/** Not onto itself or below itself, and not where it is already. */
const canDrop = (id: number, onto: number): boolean =>
  unitsById.value.get(id)?.parent !== onto && !subtreeOf(id).has(onto);
