/** The form of a member. A phone or a unit that cannot be is told at its field. */
import { useState } from 'preact/hooks';
import {
  addMember,
  changeMember,
  closeMember,
  getMemberCard,
  type MemberCard,
  type MemberChange,
} from '../../../api/organisation';
import { Button } from '../../../design/Button';
import { Drawer } from '../../../design/Drawer';
import { Select, TextField } from '../../../design/Field';
import { FormError } from '../../../design/FormError';
import { t } from '../../../i18n';
import { useEditing } from '../../../state/editing';
import { roleName } from '../../../state/session';
import { Conflict } from '../forms/Conflict';
import { Consequence } from '../forms/Consequence';
import { unitFilter } from '../forms/UnitFilter';
import { unitPath } from '../UnitPicker';
import { Assignments } from './Assignments';
import { MemberFacts } from './MemberFacts';

export interface MemberDraft {
  name: string;
  phone: string;
  language: string;
  assignments: { unit: number | null; role: string; is_primary: boolean }[];
}

const toDraft = (member: MemberCard): MemberDraft => ({
  name: member.name,
  phone: member.phone ?? '',
  language: member.language,
  assignments: member.assignments.map(({ unit, role, is_primary }) => ({ unit: unit.id, role, is_primary })),
});

function toChange(draft: Partial<MemberDraft>): Partial<MemberChange> {
  const { assignments, phone, ...rest } = draft;
  return {
    ...rest,
    ...(phone === undefined ? {} : { phone: phone.trim() || null }),
    ...(assignments === undefined
      ? {}
      : {
          assignments: assignments.flatMap((row) => (row.unit === null ? [] : [{ ...row, unit: row.unit }])),
        }),
  };
}

interface Props {
  member: MemberCard | null;
  onSaved: (member: MemberCard) => void;
  onClosed: (name: string) => void;
  onClose: () => void;
}

export function MemberForm({ member, onSaved, onClosed, onClose }: Props) {
  const [isClosing, setClosing] = useState(false);
  const editing = useEditing<MemberCard, MemberDraft>({
    thing: member,
    toDraft,
    blank: {
      name: '',
      phone: '',
      language: 'zh',
      assignments: [{ unit: unitFilter.value, role: 'worker', is_primary: true }],
    },
    send: (draft, change, revision) =>
      member
        ? changeMember(member.id, revision, toChange(change))
        : addMember(toChange(draft) as MemberChange),
    reload: member ? () => getMemberCard(member.id) : undefined,
    onSaved,
  });
  const { draft, set, isBusy, isDirty } = editing;
  const title = member?.name ?? t('members.add');
  return (
    <Drawer
      title={title}
      label={title}
      onClose={onClose}
      onSubmit={editing.save}
      isDirty={isDirty}
      foot={
        <>
          <Button
            type="submit"
            look="main"
            disabled={isBusy || !isDirty || draft.name.trim() === ''}
            testId="save-member"
          >
            {t(isBusy ? 'save.busy' : member ? 'save' : 'members.add')}
          </Button>
          {member && (
            <Button look="plain" onClick={() => setClosing(true)}>
              {t('members.close')}
            </Button>
          )}
        </>
      }
    >
      {member && isClosing && (
        <Consequence
          title={t('members.close.what', { name: member.name })}
          does={t('members.close.do')}
          onLeave={() => setClosing(false)}
          onDo={() => closeMember(member.id, member.revision).then(() => onClosed(member.name))}
        >
          <p>{t('members.close.how', { count: member.terminals.length })}</p>
        </Consequence>
      )}
      <Conflict editing={editing} labels={labels()} show={shown} />
      <TextField
        name="member-name"
        label={t('members.name')}
        value={draft.name}
        onValue={(name) => set({ name })}
        error={editing.errorAt('name')}
        hint={member?.pinyin || undefined}
        required
      />
      <div class="pair">
        <TextField
          name="member-phone"
          label={t('member.phone')}
          type="tel"
          value={draft.phone}
          onValue={(phone) => set({ phone })}
          error={editing.errorAt('phone')}
        />
        <Select
          name="member-language"
          label={t('members.language')}
          value={draft.language}
          onValue={(language) => set({ language })}
          options={[
            ['zh', t('members.language.zh')],
            ['en', t('members.language.en')],
          ]}
        />
      </div>
      <Assignments
        rows={draft.assignments}
        onRows={(assignments) => set({ assignments })}
        error={editing.errorAt('assignments')}
      />
      <FormError error={editing.error} />
      {member && <MemberFacts member={member} />}
    </Drawer>
  );
}

const labels = () => ({
  name: t('members.name'),
  phone: t('member.phone'),
  language: t('members.language'),
  assignments: t('members.units'),
});

function shown(field: keyof MemberDraft, value: unknown): string {
  if (field !== 'assignments') return String(value || '–');
  return (value as MemberDraft['assignments'])
    .map(({ unit, role }) => `${unit === null ? '' : unitPath(unit)} ${roleName(role)}`)
    .join(t('list.comma'));
}
