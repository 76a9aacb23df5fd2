/** What lists of messages share: the file, the time they are of, how many are shown, what went wrong. */
import { Download } from 'lucide';
import type { ComponentChildren } from 'preact';
import { Button } from '../../../design/Button';
import { explain } from '../../../design/Feedback';
import { TextField } from '../../../design/Field';
import { Icon } from '../../../design/Icon';
import { t } from '../../../i18n';
import type { Pages } from '../../../state/pages';

export function CsvLink({ href, file }: { href: string; file: string }) {
  return (
    <a class="button button-normal" href={href} download={file} data-testid="csv">
      <Icon node={Download} />
      {t('audit.csv')}
    </a>
  );
}

interface Period {
  from: string;
  to: string;
}

/** `name` begins the names of both fields. */
export function PeriodFilter({
  name,
  from,
  to,
  onChange,
}: Period & { name: string; onChange: (change: Partial<Period>) => void }) {
  return (
    <>
      <TextField
        type="date"
        name={`${name}-from`}
        label={t('audit.from')}
        value={from}
        max={to || undefined}
        onValue={(value) => onChange({ from: value })}
      />
      <TextField
        type="date"
        name={`${name}-to`}
        label={t('audit.to')}
        value={to}
        min={from || undefined}
        onValue={(value) => onChange({ to: value })}
      />
    </>
  );
}

/** Nothing until the first page is here; `children` in place of the count. */
export function ListFoot<T>({ pages, children }: { pages: Pages<T>; children?: ComponentChildren }) {
  if (!pages.rows) return null;
  return (
    <>
      {children || (
        <span class="num second" role="status">
          {t(pages.hasMore ? 'sms.some' : 'sms.all', { count: pages.rows.length })}
        </span>
      )}
      {pages.hasMore && (
        <Button onClick={pages.more} disabled={pages.isBusy} testId="more">
          {t('audit.more')}
        </Button>
      )}
    </>
  );
}

/** A newer page that did not come; the older one stays. */
export function ListTrouble<T>({ pages }: { pages: Pages<T> }) {
  return pages.error && pages.rows ? <p class="form-error">{explain(pages.error)}</p> : null;
}
