/** A whole city from files: choose, read the report, apply; and out again. */
import { Download } from 'lucide';
import { useMemo, useState } from 'preact/hooks';
import { type Applied, apply, bring, type Import, type Wishes } from '../../api/imports';
import { Button } from '../../design/Button';
import { Skeleton } from '../../design/Feedback';
import { FormError } from '../../design/FormError';
import { Icon } from '../../design/Icon';
import { Once } from '../../design/Once';
import { Page } from '../../design/Page';
import { t, time } from '../../i18n';
import { Choice } from './imports/Choice';
import { Consequence } from './imports/Consequence';
import { Export } from './imports/Export';
import { ReportView } from './imports/ReportView';

const MOST_SHOWN = 5_000; // characters
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
      {applied.credentials && <Credentials table={applied.credentials} />}
      <ReportView report={applied.report} isDone />
      <div>
        <Button onClick={onAgain}>{t('imports.again')}</Button>
      </div>
    </>
  );
}

/** A few are shown; a whole city's are a file. */
function Credentials({ table }: { table: string }) {
  const isLong = table.length > MOST_SHOWN;
  const file = useMemo(
    () => (isLong ? URL.createObjectURL(new Blob([table], { type: 'text/csv' })) : ''),
    [table, isLong],
  );
  if (!isLong) {
    return (
      <Once
        label={t('imports.credentials')}
        note={t('imports.credentials.note')}
        value={table.trimEnd()}
        file="terminals.csv"
        testId="import-credentials"
      />
    );
  }
  return (
    <section class="once" aria-label={t('imports.credentials')}>
      <h3 class="section-title">{t('imports.credentials')}</h3>
      <p class="quiet">
        {t('imports.credentials.note')} {t('once.note')}
      </p>
      <div>
        <a class="button button-main" download="terminals.csv" href={file} data-testid="import-credentials">
          <Icon node={Download} />
          {t('once.file')}
        </a>
      </div>
    </section>
  );
}
