/** Closes a unit: where its people go is asked first, and units below it must have gone before. */
import { useState } from 'preact/hooks';
import { closeUnit, type UnitCard } from '../../../api/organisation';
import { Button } from '../../../design/Button';
import { say } from '../../../design/Toast';
import { named, t } from '../../../i18n';
import { go } from '../../../state/place';
import { childrenOf, loadUnits, unitsById } from '../../../state/units';
import { Consequence } from '../forms/Consequence';
import { UnitPicker } from '../UnitPicker';

export function CloseUnit({ unit, onLeave }: { unit: UnitCard; onLeave: () => void }) {
  const [to, setTo] = useState<number | null>(unit.parent);
  const below = childrenOf(unit.id).length;
  const name = named(unit);
  const target = to === null ? undefined : unitsById.value.get(to);
  const close = async () => {
    await closeUnit(unit.id, unit.revision, unit.members > 0 ? to : null);
    say(t('organisation.closed', { name }));
    go({ unit: unit.parent });
    await loadUnits();
  };
  if (below > 0) {
    return (
      <section class="consequence" role="status">
        <h3 class="notice-title">{t('organisation.close.not', { name })}</h3>
        <p>{t('organisation.close.below', { count: below })}</p>
        <div>
          <Button onClick={onLeave}>{t('close')}</Button>
        </div>
      </section>
    );
  }
  return (
    <Consequence
      title={t('organisation.close.what', { name })}
      does={t('organisation.close.do')}
      isReady={unit.members === 0 || target !== undefined}
      onDo={close}
      onLeave={onLeave}
    >
      {unit.members > 0 && (
        <UnitPicker
          name="members-to"
          label={t('organisation.close.to')}
          value={to}
          onValue={setTo}
          without={unit.id}
        />
      )}
      <p>
        {unit.members > 0
          ? t('organisation.close.how', { count: unit.members, to: target ? named(target) : '…' })
          : t('organisation.close.empty')}
      </p>
    </Consequence>
  );
}
