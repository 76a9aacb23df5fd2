/** The form of a work team with its people. */
import { useState } from 'preact/hooks';
import {
  addTeam,
  changeTeam,
  changeTeamMembers,
  closeTeam,
  getTeam,
  type TeamCard,
  type TeamChange,
} from '../../../api/duty';
import { Button } from '../../../design/Button';
import { Drawer } from '../../../design/Drawer';
import { TextArea, TextField } from '../../../design/Field';
import { FormError } from '../../../design/FormError';
import { t } from '../../../i18n';
import { useEditing } from '../../../state/editing';
import { can, me } from '../../../state/session';
import { Conflict } from '../forms/Conflict';
import { Consequence } from '../forms/Consequence';
import { MemberPicker } from '../forms/MemberPicker';
import { unitFilter } from '../forms/UnitFilter';
import { UnitPicker, unitPath } from '../UnitPicker';
import { dayOf, exchange, type TeamDraft, toChange, toDraft } from './draft';
import { TeamMembers } from './TeamMembers';

interface Props {
  team: TeamCard | null;
  onSaved: (team: TeamCard) => void;
  onEnded: (name: string) => void;
  onClose: () => void;
}

async function save(team: TeamCard, draft: TeamDraft, change: Partial<TeamDraft>, revision: number) {
  const fields = toChange(change);
  let saved = team;
  if (Object.keys(fields).length > 0) saved = await changeTeam(team.id, revision, fields);
  const { add, remove } = exchange(toDraft(team).members, draft.members);
  if (add.length + remove.length > 0) saved = await changeTeamMembers(team.id, add, remove);
  return saved;
}

const create = (draft: TeamDraft): Promise<TeamCard> =>
  addTeam({ ...(toChange(draft) as TeamChange), members: exchange([], draft.members).add });

export function TeamForm({ team, onSaved, onEnded, onClose }: Props) {
  const [isEnding, setEnding] = useState(false);
  const editing = useEditing<TeamCard, TeamDraft>({
    thing: team,
    toDraft,
    blank: blank(),
    send: (draft, change, revision) => (team ? save(team, draft, change, revision) : create(draft)),
    reload: team ? () => getTeam(team.id) : undefined,
    onSaved,
  });
  const { draft, set, errorAt, isBusy, isDirty } = editing;
  const title = team?.name ?? t('teams.add');
  const mayChange = can('administrator') && !team?.closed_at;
  return (
    <Drawer
      title={title}
      label={title}
      onClose={onClose}
      onSubmit={editing.save}
      isDirty={isDirty}
      foot={
        mayChange && (
          <>
            <Button
              type="submit"
              look="main"
              disabled={isBusy || !isDirty || draft.name.trim() === '' || draft.unit === null}
              testId="save-team"
            >
              {t(isBusy ? 'save.busy' : team ? 'save' : 'teams.add')}
            </Button>
            {team && (
              <Button look="plain" onClick={() => setEnding(true)}>
                {t('teams.close')}
              </Button>
            )}
          </>
        )
      }
    >
      {team && isEnding && (
        <Consequence
          title={t('teams.close.what', { name: team.name })}
          does={t('teams.close')}
          onLeave={() => setEnding(false)}
          onDo={() => closeTeam(team.id, team.revision).then(() => onEnded(team.name))}
        >
          <p>{t('teams.close.how', { count: team.members.length })}</p>
        </Consequence>
      )}
      <Conflict editing={editing} labels={labels()} show={shown} />
      <fieldset class="group" disabled={!mayChange}>
        <legend class="unseen">{title}</legend>
        <TextField
          name="team-name"
          label={t('organisation.name')}
          value={draft.name}
          onValue={(name) => set({ name })}
          error={errorAt('name')}
        />
        <TextArea
          name="team-purpose"
          label={t('teams.purpose')}
          rows={2}
          value={draft.purpose}
          onValue={(purpose) => set({ purpose })}
          error={errorAt('purpose')}
        />
        <UnitPicker
          name="team-unit"
          label={t('teams.unit')}
          hint={t('teams.unit.how')}
          value={draft.unit}
          onValue={(unit) => set({ unit })}
          error={errorAt('unit')}
        />
        <div class="pair">
          <TextField
            name="team-from"
            label={t('teams.from')}
            type="date"
            value={draft.from}
            onValue={(from) => set({ from })}
            error={errorAt('starts_at')}
          />
          <TextField
            name="team-to"
            label={t('teams.to')}
            type="date"
            min={draft.from}
            value={draft.to}
            onValue={(to) => set({ to })}
            error={errorAt('ends_at')}
          />
        </div>
        <MemberPicker
          name="team-leader"
          label={t('teams.leader')}
          value={draft.leader}
          onValue={(leader) => set({ leader })}
          error={errorAt('leader')}
        />
        <TeamMembers
          members={draft.members}
          kept={team?.members.map(({ member }) => member.id) ?? []}
          onMembers={(members) => set({ members })}
          error={errorAt('members')}
        />
      </fieldset>
      <FormError error={editing.error} />
    </Drawer>
  );
}

const blank = (): TeamDraft => ({
  name: '',
  unit: unitFilter.value ?? me.value?.unit.id ?? null,
  purpose: '',
  leader: null,
  from: dayOf(new Date().toISOString()),
  to: '',
  members: [],
});

const labels = (): Record<keyof TeamDraft, string> => ({
  name: t('organisation.name'),
  unit: t('teams.unit'),
  purpose: t('teams.purpose'),
  leader: t('teams.leader'),
  from: t('teams.from'),
  to: t('teams.to'),
  members: t('teams.members'),
});

function shown(field: keyof TeamDraft, value: unknown): string {
  if (field === 'unit') return unitPath(Number(value));
  if (field === 'leader') return (value as TeamDraft['leader'])?.name ?? '–';
  if (field === 'members')
    return (value as TeamDraft['members']).map(({ member }) => member.name).join(t('list.comma')) || '–';
  return String(value || '–');
}
