/** The chosen unit: who it is, what can be done with it, its form and its staffing. */
import { ArrowRightLeft, Plus, Users } from 'lucide';
import { useEffect, useState } from 'preact/hooks';
import { getUnitCard, type RoleSet, type UnitCard } from '../../../api/organisation';
import { Badge } from '../../../design/Badge';
import { Button } from '../../../design/Button';
import { Failure, Skeleton } from '../../../design/Feedback';
import { named, number, t } from '../../../i18n';
import { useFetched } from '../../../state/async';
import { go, openItem } from '../../../state/place';
import { can, levelName } from '../../../state/session';
import { loadUnits } from '../../../state/units';
import { unitPath } from '../UnitPicker';
import { CloseUnit } from './CloseUnit';
import { MoveUnit } from './MoveUnit';
import { StaffingBars } from './StaffingBars';
import { UnitForm } from './UnitForm';

interface Props {
  id: number;
  roleSets: readonly RoleSet[];
  onto: number | null; // it was dragged there
  onDirty: (isDirty: boolean) => void;
  onSettled: () => void;
}

type Doing = 'move' | 'close' | null;

export function UnitEditor({ id, roleSets, onto, onDirty, onSettled }: Props) {
  const { value: unit, error, reload } = useFetched(`unit card ${id}`, () => getUnitCard(id));
  const [doing, setDoing] = useState<Doing>(null);
  useEffect(() => {
    if (onto !== null) setDoing('move');
  }, [onto]);
  if (!unit)
    return error ? (
      <Failure what={t('unit.card')} error={error} onRetry={reload} />
    ) : (
      <Skeleton label={t('unit.card')} />
    );
  const settle = () => {
    setDoing(null);
    onSettled();
  };
  const changed = () => {
    void loadUnits();
    reload();
  };
  return (
    <div class="unit-editor" data-testid="unit-editor">
      <Head unit={unit} onDo={setDoing} />
      {doing === 'move' && <MoveUnit unit={unit} onto={onto} onLeave={settle} onMoved={changed} />}
      {doing === 'close' && <CloseUnit unit={unit} onLeave={settle} />}
      <div class="unit-columns">
        <UnitForm key={unit.revision} unit={unit} roleSets={roleSets} onDirty={onDirty} onSaved={changed} />
        <StaffingBars unit={unit} roleSets={roleSets} />
      </div>
    </div>
  );
}

function Head({ unit, onDo }: { unit: UnitCard; onDo: (doing: Doing) => void }) {
  const above = unit.parent === null ? '' : unitPath(unit.parent);
  return (
    <header class="unit-head">
      <div class="grow">
        {above && <p class="quiet">{above}</p>}
        <h3 class="page-title line-wrap">
          {named(unit)} <Badge>{levelName(unit.level)}</Badge>
        </h3>
      </div>
      <div class="line-wrap">
        <Button icon={Users} onClick={() => go({ manage: 'members', unit: unit.id })}>
          {t('organisation.people', { count: number(unit.members) })}
        </Button>
        {can('administrator') && (
          <>
            <Button icon={Plus} look="main" onClick={() => openItem('new')} testId="add-unit">
              {t('organisation.add')}
            </Button>
            {unit.parent !== null && (
              <>
                <Button icon={ArrowRightLeft} onClick={() => onDo('move')} testId="move-unit">
                  {t('organisation.move')}
                </Button>
                <Button look="plain" onClick={() => onDo('close')} testId="close-unit">
                  {t('organisation.close')}
                </Button>
              </>
            )}
          </>
        )}
      </div>
    </header>
  );
}
