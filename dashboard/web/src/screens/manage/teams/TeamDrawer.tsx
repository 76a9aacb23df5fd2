/** One work team, or a new one. */
import { getTeam, type TeamCard } from '../../../api/duty';
import { Drawer } from '../../../design/Drawer';
import { Failure, Skeleton } from '../../../design/Feedback';
import { say } from '../../../design/Toast';
import { t } from '../../../i18n';
import { useFetched } from '../../../state/async';
import { openItem } from '../../../state/place';
import { TeamForm } from './TeamForm';

export function TeamDrawer({ item, onChanged }: { item: string; onChanged: () => void }) {
  const isNew = item === 'new';
  const { value, error, reload } = useFetched(isNew ? null : `team ${item}`, () => getTeam(Number(item)));
  const close = () => openItem(null);
  const saved = (team: TeamCard) => {
    say(t('saved'));
    onChanged();
    if (isNew) openItem(team.id);
    else reload();
  };
  const ended = (name: string) => {
    say(t('teams.closed', { name }));
    onChanged();
    close();
  };
  if (isNew) return <TeamForm team={null} onSaved={saved} onEnded={ended} onClose={close} />;
  if (value)
    return <TeamForm key={value.revision} team={value} onSaved={saved} onEnded={ended} onClose={close} />;
  return (
    <Drawer title={t('teams.team')} label={t('teams.team')} onClose={close}>
      {error ? (
        <Failure what={t('teams.team')} error={error} onRetry={reload} />
      ) : (
        <Skeleton label={t('teams.team')} />
      )}
    </Drawer>
  );
}
