/** Moves a unit with all below it under another one. Dragging it there ends here too: the step is named before it is done. */
import { useEffect, useState } from 'preact/hooks';
import { moveUnit, type UnitCard } from '../../../api/organisation';
import { say } from '../../../design/Toast';
import { named, t } from '../../../i18n';
import { reveal, subtreeOf, unitsById } from '../../../state/units';
import { Consequence } from '../forms/Consequence';
import { UnitPicker } from '../UnitPicker';

interface Props {
  unit: UnitCard;
  onto: number | null;
  onLeave: () => void;
  onMoved: () => void;
}

export function MoveUnit({ unit, onto, onLeave, onMoved }: Props) {
  const [parent, setParent] = useState<number | null>(onto);
  useEffect(() => {
    if (onto !== null) setParent(onto);
  }, [onto]);
  const target = parent === null ? undefined : unitsById.value.get(parent);
  const below = subtreeOf(unit.id).size - 1;
  const move = async () => {
    await moveUnit(unit.id, unit.revision, parent!);
    say(t('organisation.moved', { name: named(unit), to: target ? named(target) : '' }));
    onLeave();
    onMoved();
    reveal(parent!);
  };
  return (
    <Consequence
      title={t('organisation.move.what', { name: named(unit) })}
      does={t('organisation.move.do')}
      isReady={target !== undefined && parent !== unit.parent}
      onDo={move}
      onLeave={onLeave}
    >
      <UnitPicker
        name="move-to"
        label={t('organisation.move.to')}
        value={parent}
        onValue={setParent}
        without={unit.id}
      />
      <p>
        {below > 0
          ? t('organisation.move.how', { units: below, members: unit.members })
          : t('organisation.move.leaf', { members: unit.members })}
      </p>
    </Consequence>
  );
}
