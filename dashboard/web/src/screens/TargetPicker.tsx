import { useState } from 'preact/hooks';
import { Tree } from '../design/Tree';
import { t } from '../i18n';
import { me } from '../state/session';
import { branches, shortName, units, unitsById } from '../state/units';

/** A second tree to tick units in; it folds by itself, apart from the one at the left. */
export function TargetPicker({
  chosen,
  onToggle,
}: {
  chosen: readonly number[];
  onToggle: (unit: number) => void;
}) {
  const root = units.value?.find(({ id }) => id === me.value?.unit.id);
  const [opened, setOpened] = useState<ReadonlySet<number>>(new Set(root ? [root.id] : []));
  if (!root) return null;
  const nodes = branches(root, opened).map(({ unit, ...branch }) => ({
    id: unit.id,
    ...branch,
    label: shortName(unit),
  }));
  const fold = (id: number, open: boolean) => {
    const next = new Set(opened);
    if (open) next.add(id);
    else next.delete(id);
    setOpened(next);
  };
  return (
    <div class="picker" data-testid="picker">
      <Tree
        id="picker"
        label={t('compose.pick')}
        nodes={nodes}
        chosen={null}
        ticked={chosen}
        rowPx={32}
        onChoose={onToggle}
        onFold={fold}
      >
        {(node) => (
          <>
            <span class="grow clip">{node.label}</span>
            <span class="row-end">{unitsById.value.get(node.id)?.members}</span>
          </>
        )}
      </Tree>
    </div>
  );
}
