/** One member, or a new one. */
import { getMemberCard, type MemberCard } from '../../../api/organisation';
import { Drawer } from '../../../design/Drawer';
import { Failure, Skeleton } from '../../../design/Feedback';
import { say } from '../../../design/Toast';
import { t } from '../../../i18n';
import { useFetched } from '../../../state/async';
import { openItem } from '../../../state/place';
import { can } from '../../../state/session';
import { MemberFacts } from './MemberFacts';
import { MemberForm } from './MemberForm';

export function MemberDrawer({ item, onChanged }: { item: string; onChanged: () => void }) {
  const isNew = item === 'new';
  const { value, error, reload } = useFetched(isNew ? null : `member card ${item}`, () =>
    getMemberCard(Number(item)),
  );
  const close = () => openItem(null);
  const saved = (member: MemberCard) => {
    say(t(isNew ? 'members.added' : 'members.saved', { name: member.name }));
    onChanged();
    if (isNew) openItem(member.id);
    else reload();
  };
  const closed = (name: string) => {
    say(t('members.closed', { name }));
    onChanged();
    close();
  };
  if (isNew) return <MemberForm member={null} onSaved={saved} onClosed={closed} onClose={close} />;
  if (value && can('administrator'))
    return <MemberForm member={value} onSaved={saved} onClosed={closed} onClose={close} />;
  return (
    <Drawer title={value?.name ?? t('member')} label={t('member')} onClose={close}>
      {value ? (
        <MemberFacts member={value} isWhole />
      ) : error ? (
        <Failure what={t('member')} error={error} onRetry={reload} />
      ) : (
        <Skeleton label={t('member')} />
      )}
    </Drawer>
  );
}
