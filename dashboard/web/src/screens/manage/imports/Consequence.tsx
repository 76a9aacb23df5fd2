/** What applying would do, in words, and the button that does it. */
import type { Change, Kind, Report } from '../../../api/imports';
import { Button } from '../../../design/Button';
import { t } from '../../../i18n';

export function Consequence({ report, onApply }: { report: Report; onApply: () => void }) {
  if (!report.is_applicable || report.is_empty) return null;
  const sum = (move: 'added' | 'changed' | 'closed') =>
    report.changes.reduce((total, change) => total + change[move], 0);
  const of = (kind: Kind): Change | undefined => report.changes.find((change) => change.kind === kind);
  const gone = of('members')?.closed ?? 0;
  const fresh = of('terminals')?.added ?? 0;
  const borders = of('grids');
  return (
    <div class="intake-consequence">
      <div class="grow">
        <p>
          {t('imports.consequence', { added: sum('added'), changed: sum('changed'), closed: sum('closed') })}
        </p>
        {gone > 0 && <p>{t('imports.consequence.people', { count: gone })}</p>}
        {fresh > 0 && <p>{t('imports.consequence.terminals', { count: fresh })}</p>}
        {borders && borders.added + borders.changed + borders.closed > 0 && (
          <p>{t('imports.consequence.borders')}</p>
        )}
      </div>
      <Button look="main" onClick={onApply} testId="import-apply">
        {t('imports.apply')}
      </Button>
    </div>
  );
}
