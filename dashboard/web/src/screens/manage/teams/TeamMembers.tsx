/** The people of a team: found by search, each with a duty of their own. */
import { Trash2 } from 'lucide';
import { SquareButton } from '../../../design/Button';
import { t } from '../../../i18n';
import { MemberPicker } from '../forms/MemberPicker';
import type { TeamDraft } from './draft';

type Row = TeamDraft['members'][number];

interface Props {
  members: readonly Row[];
  kept: readonly number[]; // their duty was said when they joined
  onMembers: (members: Row[]) => void;
  error: string | null;
}

export function TeamMembers({ members, kept, onMembers, error }: Props) {
  const duty = (id: number, said: string) =>
    onMembers(members.map((row) => (row.member.id === id ? { ...row, duty: said } : row)));
  return (
    <fieldset class="group">
      <legend class="section-title">{t('teams.members.count', { count: members.length })}</legend>
      {members.length > 0 && (
        <ul class="people" data-testid="team-members">
          {members.map(({ member, duty: said }) => (
            <li key={member.id} class="people-row">
              <span class="clip">{member.name}</span>
              {kept.includes(member.id) ? (
                <span class="second clip">{said}</span>
              ) : (
                <input
                  class="input"
                  aria-label={t('teams.duty.of', { name: member.name })}
                  placeholder={t('teams.duty')}
                  value={said}
                  onInput={(event) => duty(member.id, event.currentTarget.value)}
                />
              )}
              <SquareButton
                icon={Trash2}
                label={t('teams.remove', { name: member.name })}
                onClick={() => onMembers(members.filter((row) => row.member.id !== member.id))}
              />
            </li>
          ))}
        </ul>
      )}
      <MemberPicker
        key={members.length}
        name="team-member"
        label={t('teams.addmember')}
        value={null}
        onValue={(member) => {
          if (member && members.every((row) => row.member.id !== member.id))
            onMembers([...members, { member: { id: member.id, name: member.name }, duty: '' }]);
        }}
        error={error}
      />
    </fieldset>
  );
}
