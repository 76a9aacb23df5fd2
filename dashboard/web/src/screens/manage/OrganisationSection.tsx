/** The tree of units at the left, the chosen one at the right: its form, its staffing, and what can be done with it. */
import { useState } from 'preact/hooks';
import { getRoleSets } from '../../api/organisation';
import { Button } from '../../design/Button';
import { Page } from '../../design/Page';
import { t } from '../../i18n';
import { useFetched } from '../../state/async';
import { go, itemId, openItem } from '../../state/place';
import { chosenUnit } from '../../state/units';
import { NewUnit } from './organisation/NewUnit';
import { OrganisationTree } from './organisation/OrganisationTree';
import { UnitEditor } from './organisation/UnitEditor';

export function OrganisationSection() {
  const unit = chosenUnit.value;
  const [isDirty, setDirty] = useState(false);
  const [waiting, setWaiting] = useState<number | null>(null); // chosen while something is typed
  const [target, setTarget] = useState<{ unit: number; onto: number } | null>(null);
  const sets = useFetched('role-sets', getRoleSets);
  const choose = (id: number) => {
    if (isDirty && id !== unit?.id) setWaiting(id);
    else go({ unit: id, item: null });
  };
  const leave = () => {
    setDirty(false);
    if (waiting !== null) go({ unit: waiting, item: null });
    setWaiting(null);
  };
  return (
    <Page title={t('section.organisation')} note={t('section.organisation.note')}>
      <div class="split">
        <nav class="split-tree" aria-label={t('tree')}>
          <OrganisationTree
            chosen={unit?.id ?? null}
            onChoose={choose}
            onMove={(id, onto) => {
              setTarget({ unit: id, onto });
              choose(id);
            }}
          />
        </nav>
        <div class="split-main">
          {waiting !== null && <Unsaved onKeep={() => setWaiting(null)} onDrop={leave} />}
          {unit && (
            <UnitEditor
              key={unit.id}
              id={unit.id}
              roleSets={sets.value?.role_sets ?? []}
              onto={target?.unit === unit.id ? target.onto : null}
              onDirty={setDirty}
              onSettled={() => setTarget(null)}
            />
          )}
        </div>
      </div>
      {itemId.value === 'new' && unit && (
        <NewUnit
          key={unit.id}
          parent={unit}
          roleSets={sets.value?.role_sets ?? []}
          onClose={() => openItem(null)}
        />
      )}
    </Page>
  );
}

function Unsaved({ onKeep, onDrop }: { onKeep: () => void; onDrop: () => void }) {
  return (
    <div class="consequence" role="alert">
      <p>{t('drawer.unsaved')}</p>
      <div class="line-wrap">
        <Button look="main" autofocus onClick={onKeep}>
          {t('drawer.keep')}
        </Button>
        <Button onClick={onDrop}>{t('drawer.drop')}</Button>
      </div>
    </div>
  );
}
