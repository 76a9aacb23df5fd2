/** A whole city from files: choose, read the report, apply; and out again. */
import { useState } from 'preact/hooks';
import { type Applied, apply, bring, type Import, type Wishes } from '../../api/imports';
import { Button } from '../../design/Button';
import { Skeleton } from '../../design/Feedback';
import { FormError } from '../../design/FormError';
import { Once } from '../../design/Once';
import { Page } from '../../design/Page';
import { t, time } from '../../i18n';
import { Choice } from './imports/Choice';
import { Consequence } from './imports/Consequence';
import { Export } from './imports/Export';
import { ReportView } from './imports/ReportView';

const USUAL: Wishes = { encoding: 'auto', gcj02: false, crs: '', takesEffectAt: '' };

export function ImportSection() {
  const [files, setFiles] = useState<readonly File[]>([]);
  const [wishes, setWishes] = useState(USUAL);
  const [busy, setBusy] = useState<'checking' | 'applying' | null>(null);
  const [error, setError] = useState<unknown>(null);
  const [brought, setBrought] = useState<Import | null>(null);
  const [applied, setApplied] = useState<Applied | null>(null);

  const during = async (what: 'checking' | 'applying', work: () => Promise<void>) => {
    setBusy(what);
    setError(null);
    await work().catch(setError);
    setBusy(null);
  };
  const check = () => during('checking', async () => setBrought(await bring(files, wishes)));
  const carryOut = (id: string) => during('applying', async () => setApplied(await apply(id)));
  const choose = (chosen: readonly File[]) => {
    setFiles(chosen);
    setBrought(null);
  };
  const again = () => {
    choose([]);
    setApplied(null);
  };

  return (
    <Page title={t('section.import')} note={t('section.import.note')} tools={<Export />}>
      <div class="intake">
        {!applied && (
          <Choice
            files={files}
            onFiles={choose}
            wishes={wishes}
            onWishes={(next) => {
              setWishes(next);
              setBrought(null);
            }}
            isBusy={busy !== null}
            onCheck={() => void check()}
          />
        )}
        {error !== null && <FormError error={error} />}
        {busy && <Skeleton label={t(`imports.${busy}`)} />}
        {!busy && brought && !applied && (
          <ReportView report={brought.report}>
            <Consequence report={brought.report} onApply={() => void carryOut(brought.id)} />
          </ReportView>
        )}
        {applied && <Done applied={applied} onAgain={again} />}
      </div>
    </Page>
  );
}

function Done({ applied, onAgain }: { applied: Applied; onAgain: () => void }) {
  return (
    <>
      <p class="intake-verdict" role="status" data-testid="import-applied">
        {t('imports.applied', { at: time(applied.applied_at ?? '', Date.now()) })}
      </p>
      {applied.credentials && (
        <Once
          label={t('imports.credentials')}
          note={t('imports.credentials.note')}
          value={applied.credentials.trimEnd()}
          file="terminals.csv"
          testId="import-credentials"
        />
      )}
      <ReportView report={applied.report} />
      <div>
        <Button onClick={onAgain}>{t('imports.again')}</Button>
      </div>
    </>
  );
}
