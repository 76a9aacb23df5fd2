/** Somebody else saved first: what they changed beside what is typed here, and the two ways on. */
import { Button } from '../../../design/Button';
import { t } from '../../../i18n';
import type { Editing } from '../../../state/editing';

interface Props<D extends object> {
  editing: Editing<D>;
  labels: Readonly<Record<keyof D, string>>;
  show?: (field: keyof D, value: unknown) => string;
}

const plainly = (value: unknown): string => {
  if (value === null || value === undefined || value === '') return '–';
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
};

export function Conflict<D extends object>({ editing, labels, show }: Props<D>) {
  const { conflict } = editing;
  if (!conflict) return null;
  const words = (field: keyof D, value: unknown) => show?.(field, value) ?? plainly(value);
  return (
    <section class="conflict" role="alert" data-testid="conflict">
      <p class="notice-title">{t('conflict')}</p>
      <p class="second">{t(conflict.length > 0 ? 'conflict.how' : 'conflict.same')}</p>
      {conflict.length > 0 && (
        <table class="conflict-table">
          <thead>
            <tr>
              <td />
              <th scope="col">{t('conflict.theirs')}</th>
              <th scope="col">{t('conflict.mine')}</th>
            </tr>
          </thead>
          <tbody>
            {conflict.map(({ field, mine, theirs }) => (
              <tr key={field}>
                <th scope="row">{labels[field]}</th>
                <td>{words(field, theirs)}</td>
                <td class={mine === undefined ? 'quiet' : undefined}>
                  {mine === undefined ? t('conflict.untouched') : words(field, mine)}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      <div class="line-wrap">
        <Button look="main" onClick={editing.keepMine}>
          {t('conflict.keep')}
        </Button>
        <Button onClick={editing.takeTheirs}>{t('conflict.take')}</Button>
      </div>
    </section>
  );
}
