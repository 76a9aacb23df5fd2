import { span, t } from '../i18n';
import { nowMs } from '../state/clock';
import { counts, gridCounts, heardAtMs, link, roster } from '../state/live';
import { panel } from '../state/place';

/** One line over the map when it shows less than one would think: an old picture, nobody there, or a choice to make. */
export function MapNotice() {
  const text = noticeNow();
  return text ? (
    <div class="map-notice" role="status">
      {text}
    </div>
  ) : null;
}

function noticeNow(): string | null {
  if (link.value === 'lost') {
    const heard = heardAtMs.value;
    if (heard === null) return t('link.never');
    return t('link.old', { span: span((nowMs.value - heard) / 1000) });
  }
  if (panel.value === 'compose') return t('compose.map');
  const isSilent =
    counts.value !== null && counts.value.online + counts.value.silent + counts.value.offline === 0;
  if (isSilent && roster.n === 0 && gridCounts.value === null) return t('map.nobody');
  return null;
}
