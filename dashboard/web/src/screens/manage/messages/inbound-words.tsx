/** How texts that came in are named: who wrote, what kind it is, where it is about. */
import type { Inbound, InboundKind } from '../../../api/inbound';
import { Badge, type Tone } from '../../../design/Badge';
import { named, t } from '../../../i18n';

const TONES: Readonly<Record<InboundKind, Tone>> = {
  acknowledgement: 'good',
  text: 'plain',
  stop: 'warn',
  start: 'plain',
};

export const writerOf = ({ member }: Inbound): string => member?.name ?? t('inbound.unknown');

/** The kind, and what came of it where that is more. */
export function InboundBadges({ row }: { row: Inbound }) {
  if (row.case)
    return (
      <Badge tone={row.case.is_open ? 'bad' : 'plain'}>
        {t(row.case.is_open ? 'inbound.case.open' : 'inbound.case.closed')}
      </Badge>
    );
  if (row.kind === 'stop' && !row.is_stopped) return <Badge>{t('inbound.stop.lifted')}</Badge>;
  return <Badge tone={TONES[row.kind]}>{t(`inbound.kind.${row.kind}`)}</Badge>;
}

/** Where it is about in one line; empty where nothing says so. */
export function placeOf({ place, candidates }: Inbound): string {
  if (place?.unit) return named(place.unit);
  if (place?.is_elsewhere) return t('inbound.place.elsewhere');
  if (place) return t('inbound.place.outside');
  return candidates.length > 0 ? t('inbound.place.several', { count: candidates.length }) : '';
}
