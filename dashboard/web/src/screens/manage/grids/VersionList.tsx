/** Grid sets: those that were, the one in force, those to come. */
import { Eye, EyeOff, Undo2 } from 'lucide';
import { useEffect, useState } from 'preact/hooks';
import { type GridSet, withdrawGridSet } from '../../../api/gridsets';
import { Badge, type Tone } from '../../../design/Badge';
import { Button } from '../../../design/Button';
import { Dialog } from '../../../design/Dialog';
import { Failure, Skeleton } from '../../../design/Feedback';
import { FormError } from '../../../design/FormError';
import { day, t, time } from '../../../i18n';
import { serverNow } from '../../../state/clock';
import { viewed } from './editing';
import { followSets, loadSets, published, sets, setsError } from './versions';

const TONES: Readonly<Record<GridSet['state'], Tone>> = {
  in_force: 'good',
  planned: 'warn',
  past: 'plain',
  withdrawn: 'plain',
};

export function VersionList() {
  const [leaving, setLeaving] = useState<GridSet | null>(null);
  useEffect(followSets, []);
  if (!sets.value && setsError.value) {
    return <Failure what={t('grids.versions')} error={setsError.value} onRetry={() => void loadSets()} />;
  }
  if (!sets.value) return <Skeleton label={t('grids.versions')} />;
  return (
    <div class="grid-side-body">
      {sets.value.map((set) => (
        <Version key={set.version} set={set} onWithdraw={() => setLeaving(set)} />
      ))}
      {leaving && <WithdrawDialog set={leaving} onClose={() => setLeaving(null)} />}
    </div>
  );
}

const moment = (at: string) => `${day(at)} ${time(at, Date.parse(at))}`;

function Version({ set, onWithdraw }: { set: GridSet; onWithdraw: () => void }) {
  const isViewed = viewed.value === set.version;
  return (
    <section class="entry" data-testid="grid-set">
      <div class="line">
        <strong class="grow">{t('grids.version', { version: set.version })}</strong>
        <Badge tone={TONES[set.state]}>{t(`grids.state.${set.state}`)}</Badge>
      </div>
      <p class="second num">
        {t(set.state === 'planned' ? 'grids.effect.will' : 'grids.effect', {
          at: moment(set.takes_effect_at),
        })}
      </p>
      {set.note && <p>{set.note}</p>}
      <p class="quiet num">
        {[
          set.grids > 0 && t('grids.count', { count: set.grids }),
          set.made_by && t('grids.by', { name: set.made_by.name }),
        ]
          .filter(Boolean)
          .join(' · ')}
      </p>
      {set.state !== 'withdrawn' && (
        <div class="line-wrap">
          <Button
            icon={isViewed ? EyeOff : Eye}
            aria-pressed={isViewed}
            onClick={() => {
              viewed.value = isViewed ? null : set.version;
            }}
          >
            {t(isViewed ? 'grids.view.end' : 'grids.view')}
          </Button>
          {set.state === 'planned' && (
            <Button icon={Undo2} onClick={onWithdraw}>
              {t('grids.withdraw')}
            </Button>
          )}
        </div>
      )}
    </section>
  );
}

function WithdrawDialog({ set, onClose }: { set: GridSet; onClose: () => void }) {
  const [error, setError] = useState<unknown>(null);
  const withdraw = () =>
    withdrawGridSet(set.version).then(() => {
      if (viewed.value === set.version) viewed.value = null;
      published();
      onClose();
    }, setError);
  return (
    <Dialog
      title={t('grids.withdraw.title', { version: set.version })}
      onClose={onClose}
      foot={
        <>
          <Button look="main" onClick={() => void withdraw()} testId="withdraw-confirm">
            {t('grids.withdraw')}
          </Button>
          <Button onClick={onClose}>{t('grids.cancel')}</Button>
        </>
      }
    >
      <p>{t('grids.withdraw.how', { at: time(set.takes_effect_at, serverNow()) })}</p>
      <FormError error={error} />
    </Dialog>
  );
}
