import { ChevronLeft, ChevronRight } from 'lucide';
import { number, t } from '../i18n';
import { SquareButton } from './Button';

interface Props {
  total: number;
  isCapped?: boolean; // there are more than `total`; nobody counted them
  limit: number;
  offset: number;
  onOffset: (offset: number) => void;
}

/** Which part of a long list this is, and its neighbours. */
export function Pager({ total, isCapped, limit, offset, onOffset }: Props) {
  if (total === 0) return null;
  const last = Math.min(offset + limit, total);
  return (
    <nav class="pager" aria-label={t('pager')}>
      <span class="num second" role="status">
        {t(isCapped ? 'pager.capped' : 'pager.of', {
          first: number(offset + 1),
          last: number(last),
          total: number(total),
        })}
      </span>
      <SquareButton
        icon={ChevronLeft}
        label={t('pager.before')}
        disabled={offset === 0}
        onClick={() => onOffset(Math.max(0, offset - limit))}
      />
      <SquareButton
        icon={ChevronRight}
        label={t('pager.after')}
        disabled={last >= total && !isCapped}
        onClick={() => onOffset(offset + limit)}
      />
    </nav>
  );
}
