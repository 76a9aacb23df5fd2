/** Publishing names what follows from it: how many grids change, how many people are placed anew, and when. */
import { useState } from 'preact/hooks';
import type { GridReport } from '../../../api/gridsets';
import { Button } from '../../../design/Button';
import { Dialog } from '../../../design/Dialog';
import { TextArea, TextField } from '../../../design/Field';
import { FormError } from '../../../design/FormError';
import { say } from '../../../design/Toast';
import { t, time } from '../../../i18n';
import { serverNow } from '../../../state/clock';
import { unitsById } from '../../../state/units';
import { isCornerOnly, publish } from './editing';
import { published } from './versions';

type When = 'now' | 'later';

export function PublishDialog({ report, onClose }: { report: GridReport; onClose: () => void }) {
  const [when, setWhen] = useState<When>('now');
  const [at, setAt] = useState('');
  const [note, setNote] = useState('');
  const [error, setError] = useState<unknown>(null);
  const [isBusy, setBusy] = useState(false);
  const moment = when === 'later' && at ? new Date(at) : null;
  const isReady = (when === 'now' || moment !== null) && !isBusy;
  const send = async () => {
    setBusy(true);
    setError(null);
    try {
      const { version } = await publish(moment?.toISOString() ?? null, note);
      say(
        moment
          ? t('grids.planned', { version: version ?? 0 })
          : t('grids.published', { version: version ?? 0 }),
      );
      published();
      onClose();
    } catch (failed) {
      setError(failed);
      setBusy(false);
    }
  };
  return (
    <Dialog
      title={t('grids.publish.title')}
      onClose={onClose}
      foot={
        <>
          <Button look="main" disabled={!isReady} onClick={() => void send()} testId="publish-confirm">
            {isBusy ? t('grids.publishing') : t(moment ? 'grids.publish.plan' : 'grids.publish.now')}
          </Button>
          <Button onClick={onClose}>{t('grids.cancel')}</Button>
        </>
      }
    >
      <p data-testid="consequence">{consequence(report, moment)}</p>
      {movesCity(report) && <p class="map-hint-bad">{t('grids.border.moves')}</p>}
      <fieldset class="plain-set grid-when">
        <legend class="field-label">{t('grids.when')}</legend>
        {(['now', 'later'] as const).map((each) => (
          <label key={each} class="check">
            <input type="radio" name="when" checked={when === each} onChange={() => setWhen(each)} />
            <span>{t(`grids.when.${each}`)}</span>
          </label>
        ))}
        {when === 'later' && (
          <TextField
            name="publish-at"
            label={t('grids.when.at')}
            type="datetime-local"
            value={at}
            onValue={setAt}
            required
          />
        )}
      </fieldset>
      <TextArea
        name="publish-note"
        label={t('grids.note')}
        hint={t('grids.note.how')}
        value={note}
        onValue={setNote}
      />
      <FormError error={error} />
    </Dialog>
  );
}

const movesCity = (report: GridReport): boolean =>
  report.changed.some(({ unit, is_leaf }) => !is_leaf && unitsById.value.get(unit)?.parent === null);

/** `3 grids change, 1 new; 140 people are placed anew at 12:00.` */
function consequence(report: GridReport, moment: Date | null): string {
  const changed = report.changed.filter(
    ({ unit, is_leaf }) => is_leaf && unit > 0 && !isCornerOnly(unit),
  ).length;
  return t('grids.consequence', {
    changed: t('grids.count.changed', { count: changed }),
    added: t('grids.count.new', { count: report.changed.filter(({ unit }) => unit < 0).length }),
    people: t('grids.count.people', { count: report.people }),
    at: moment ? time(moment.getTime(), serverNow()) : t('grids.when.soon'),
  });
}
