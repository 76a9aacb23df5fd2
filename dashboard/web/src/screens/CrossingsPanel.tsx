import { ArrowRight } from 'lucide';
import { getCrossings } from '../api/client';
import { Empty, Failure, Skeleton } from '../design/Feedback';
import { Icon } from '../design/Icon';
import { List } from '../design/List';
import { Panel } from '../design/Panel';
import { ago, named, t } from '../i18n';
import { useFetched } from '../state/async';
import { nowMs } from '../state/clock';
import { openMember, openPanel } from '../state/place';
import { chosenUnit } from '../state/units';

const REFRESH_MS = 5_000;
const ROW_PX = 52;

/** Who left which grid for which, newest first, in the unit in view. */
export function CrossingsPanel() {
  const unit = chosenUnit.value;
  const key = unit ? `crossings ${unit.id}` : null;
  const { value, error, reload } = useFetched(key, () => getCrossings(unit!.id), REFRESH_MS);
  const title = unit ? `${t('crossings')} · ${named(unit)}` : t('crossings');
  return (
    <Panel title={title} label={t('crossings')} onClose={() => openPanel(null)} flush>
      {!value &&
        (error ? (
          <Failure what={t('crossings')} error={error} onRetry={reload} />
        ) : (
          <Skeleton label={t('crossings')} />
        ))}
      {value?.crossings.length === 0 && <Empty title={t('crossings.none')}>{t('crossings.none.how')}</Empty>}
      {value && value.crossings.length > 0 && (
        <List
          label={t('crossings')}
          items={value.crossings}
          rowPx={ROW_PX}
          keyOf={(each) => `${each.member?.id} ${each.at} ${each.to?.id}`}
        >
          {(each) => (
            <button type="button" class="row" onClick={() => each.member && openMember(each.member.id)}>
              <span class="row-text">
                <span class="row-title clip">{each.member?.name ?? '–'}</span>
                <span class="row-more line">
                  <span class="clip">{each.from ? named(each.from) : t('fix.outside')}</span>
                  <Icon node={ArrowRight} />
                  <span class="clip">{each.to ? named(each.to) : t('fix.outside')}</span>
                </span>
              </span>
              <span class="row-end">{ago(each.at, nowMs.value)}</span>
            </button>
          )}
        </List>
      )}
    </Panel>
  );
}
