import type { Member } from '../api/types';
import { Badge } from '../design/Badge';
import { t, time } from '../i18n';
import { nowMs } from '../state/clock';
import { outsideSince } from '../state/outings';

interface Props {
  member: Pick<Member, 'id' | 'outside_since'>;
  isShort?: boolean; // where the room is a list's
}

/** Says since when a person is out of their own grid; nothing while they are not. */
export function Outside({ member, isShort }: Props) {
  const since = outsideSince(member);
  if (since === null) return null;
  const at = time(since, nowMs.value);
  return (
    <span data-testid="outside" title={t('outside.since', { at })}>
      <Badge>{t(isShort ? 'outside.short' : 'outside.since', { at })}</Badge>
    </span>
  );
}
