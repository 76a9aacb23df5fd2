/** A unit below another one. */
import { addUnit, type RoleSet, type UnitCard } from '../../../api/organisation';
import type { Unit } from '../../../api/types';
import { Button } from '../../../design/Button';
import { Drawer } from '../../../design/Drawer';
import { FormError } from '../../../design/FormError';
import { say } from '../../../design/Toast';
import { named, t } from '../../../i18n';
import { useEditing } from '../../../state/editing';
import { go } from '../../../state/place';
import { levelOf, me } from '../../../state/session';
import { childrenOf, fold, loadUnits } from '../../../state/units';
import { blankUnit, toDraft, toNew, type UnitDraft } from './draft';
import { UnitFields } from './UnitFields';

interface Props {
  parent: Unit;
  roleSets: readonly RoleSet[];
  onClose: () => void;
}

export function NewUnit({ parent, roleSets, onClose }: Props) {
  const editing = useEditing<UnitCard, UnitDraft>({
    thing: null,
    toDraft,
    blank: blankUnit(likelyLevel(parent)),
    send: (draft) => addUnit({ parent: parent.id, ...toNew(draft) }),
    onSaved: async (unit) => {
      say(t('organisation.added', { name: named(unit) }));
      await loadUnits();
      fold(parent.id, true);
      go({ unit: unit.id, item: null });
    },
  });
  const { draft, isBusy, isDirty } = editing;
  const isReady = draft.name.trim() !== '' && draft.code.trim() !== '';
  return (
    <Drawer
      title={t('organisation.add.to', { name: named(parent) })}
      label={t('organisation.add')}
      onClose={onClose}
      onSubmit={editing.save}
      isDirty={isDirty}
      foot={
        <Button type="submit" look="main" disabled={isBusy || !isReady} testId="save-new-unit">
          {t(isBusy ? 'save.busy' : 'organisation.add')}
        </Button>
      }
    >
      <UnitFields editing={editing} roleSets={roleSets} roleSetOfLevel={null} prefix="new-unit" />
      <FormError error={editing.error} />
    </Drawer>
  );
}

/** As its siblings are; else the next level below its parent's. */
function likelyLevel(parent: Unit): string {
  const sibling = childrenOf(parent.id)[0];
  if (sibling) return sibling.level;
  const rank = levelOf(parent.level)?.rank ?? 0;
  const levels = me.value?.levels ?? [];
  return (levels.find((level) => level.rank > rank) ?? levels.at(-1))?.code ?? parent.level;
}
