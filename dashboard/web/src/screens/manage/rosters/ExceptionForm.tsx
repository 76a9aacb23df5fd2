/** Leave, an exchange or overtime: for one person and a time it overrules the pattern. */
import { useState } from 'preact/hooks';
import { addException, type RosterCard } from '../../../api/duty';
import { Button } from '../../../design/Button';
import { Drawer } from '../../../design/Drawer';
import { Select, TextField } from '../../../design/Field';
import { FormError } from '../../../design/FormError';
import { t } from '../../../i18n';
import { errorOf, useSending } from '../../../state/form';

interface Props {
  roster: RosterCard;
  onClose: () => void;
  onSaved: () => void;
}

export function ExceptionForm({ roster, onClose, onSaved }: Props) {
  const { isBusy, error, send } = useSending();
  const [member, setMember] = useState(String(roster.members[0]?.member.id ?? ''));
  const [kind, setKind] = useState<'leave' | 'call'>('leave');
  const [starts, setStarts] = useState('');
  const [ends, setEnds] = useState('');
  const [note, setNote] = useState('');
  const moment = (local: string) => new Date(local).toISOString();
  const save = async () => {
    const isTaken = await send(() =>
      addException({
        member: Number(member),
        starts_at: moment(starts),
        ends_at: moment(ends),
        is_on: kind === 'call',
        note: note.trim(),
      }),
    );
    if (isTaken) onSaved();
  };
  const people = [...new Map(roster.members.map((each) => [each.member.id, each.member])).values()];
  return (
    <Drawer
      title={t('rosters.exception')}
      label={t('rosters.exception')}
      onClose={onClose}
      onSubmit={() => void save()}
      isDirty={starts !== '' || ends !== '' || note !== ''}
      foot={
        <Button type="submit" look="main" disabled={isBusy || !member || !starts || !ends}>
          {t(isBusy ? 'save.busy' : 'save')}
        </Button>
      }
    >
      <p class="second">{t('rosters.exception.how')}</p>
      <Select
        name="exception-member"
        label={t('member')}
        value={member}
        onValue={setMember}
        options={people.map(({ id, name }) => [String(id), name] as const)}
      />
      <Select
        name="exception-kind"
        label={t('rosters.exception.kind')}
        value={kind}
        onValue={(next) => setKind(next as 'leave' | 'call')}
        options={[
          ['leave', t('rosters.exception.leave')],
          ['call', t('rosters.exception.call')],
        ]}
      />
      <div class="pair">
        <TextField
          name="exception-starts"
          label={t('rosters.starts')}
          type="datetime-local"
          value={starts}
          onValue={setStarts}
          error={errorOf(error, 'starts_at')}
        />
        <TextField
          name="exception-ends"
          label={t('rosters.ends')}
          type="datetime-local"
          min={starts}
          value={ends}
          onValue={setEnds}
          error={errorOf(error, 'ends_at')}
        />
      </div>
      <TextField name="exception-note" label={t('terminals.note')} value={note} onValue={setNote} />
      <FormError error={errorOf(error, 'ends_at') || errorOf(error, 'starts_at') ? null : error} />
    </Drawer>
  );
}
