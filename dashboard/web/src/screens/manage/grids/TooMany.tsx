/** Instead of a city too large to be edited at once: the units inside it, one press away. */
import { Empty } from '../../../design/Feedback';
import { named, t } from '../../../i18n';
import { go } from '../../../state/place';
import { childrenOf } from '../../../state/units';

export function TooMany({ unit }: { unit: number }) {
  const inside = childrenOf(unit).filter((child) => childrenOf(child.id).length > 0);
  return (
    <Empty title={t('grids.choose')}>
      <p>{t('grids.choose.note')}</p>
      <ul class="grid-choice">
        {inside.map((child) => (
          <li key={child.id}>
            <button type="button" class="link" onClick={() => go({ unit: child.id })}>
              {named(child)}
            </button>
          </li>
        ))}
      </ul>
    </Empty>
  );
}
