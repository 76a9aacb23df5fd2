/** The form of a group: people picked one by one, or a rule; and who is in it now. */
import { Trash2 } from 'lucide';
import { useEffect, useState } from 'preact/hooks';
import {
  addGroup,
  changeGroup,
  deleteGroup,
  type GroupCard,
  type GroupContent,
  getGroup,
  type InGroup,
  LEFT_OUT,
  previewGroup,
  type Who,
} from '../../../api/messages';
import { Button, SquareButton } from '../../../design/Button';
import { Drawer } from '../../../design/Drawer';
import { Select, TextArea, TextField } from '../../../design/Field';
import { FormError } from '../../../design/FormError';
import { Section } from '../../../design/Panel';
import { say } from '../../../design/Toast';
import { number, t } from '../../../i18n';
import { useEditing } from '../../../state/editing';
import { can, me, unitOf } from '../../../state/session';
import { Conflict } from '../forms/Conflict';
import { Consequence } from '../forms/Consequence';
import { MemberPicker } from '../forms/MemberPicker';
import { UnitPicker, unitPath } from '../UnitPicker';
import { levelOptions } from './Audience';
import { numbersIn } from './draft';
import { nameOf } from './PlanView';

interface Draft {
  name: string;
  unit: number | null;
  note: string;
  kind: 'static' | 'rule';
  members: readonly { id: number; name: string }[];
  numbers: string;
  who: Who;
  within: number | null;
  at_level: string;
}

interface Props {
  group: GroupCard | null;
  onSaved: (saved: GroupCard) => void;
  onGone: () => void;
  onClose: () => void;
}

const ASK_AFTER_MS = 300;
const toDraft = (group: GroupCard): Draft => ({
  name: group.name,
  unit: group.unit.id,
  note: group.note,
  kind: group.kind,
  members: group.members.map(({ id, name }) => ({ id, name })),
  numbers: group.numbers.join('\n'),
  who: group.who ?? 'leaders',
  within: group.within?.id ?? null,
  at_level: group.at_level ?? '',
});

function toContent(draft: Draft): GroupContent {
  const isRule = draft.kind === 'rule';
  return {
    unit: draft.unit ?? 0,
    name: draft.name.trim(),
    note: draft.note.trim(),
    kind: draft.kind,
    members: isRule ? [] : draft.members.map(({ id }) => id),
    numbers: isRule ? [] : numbersIn(draft.numbers),
    who: isRule ? draft.who : null,
    within: isRule ? draft.within : null,
    at_level: isRule ? draft.at_level || null : null,
  };
}

const hasAnybody = (draft: Draft): boolean =>
  draft.kind === 'rule'
    ? draft.within !== null
    : draft.members.length > 0 || numbersIn(draft.numbers).length > 0;

export function GroupForm({ group, onSaved, onGone, onClose }: Props) {
  const [isDeleting, setDeleting] = useState(false);
  const home = (unitOf('issuer') ?? me.value?.unit)?.id ?? null;
  const editing = useEditing<GroupCard, Draft>({
    thing: group,
    toDraft,
    blank: {
      name: '',
      unit: home,
      note: '',
      kind: 'rule',
      members: [],
      numbers: '',
      who: 'leaders',
      within: home,
      at_level: '',
    },
    send: (draft, _change, revision) =>
      group ? changeGroup(group.id, revision, toContent(draft)) : addGroup(toContent(draft)),
    reload: group ? () => getGroup(group.id) : undefined,
    onSaved: (saved) => {
      say(t('sms.group.saved', { name: saved.name }));
      onSaved(saved);
    },
  });
  const { draft, set, isBusy, isDirty, errorAt } = editing;
  const mayChange = can('issuer');
  const title = group?.name ?? t('sms.group.add');
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
              disabled={isBusy || !draft.name.trim() || !hasAnybody(draft) || (group !== null && !isDirty)}
              testId="save-group"
            >
              {t(isBusy ? 'save.busy' : group ? 'save' : 'sms.group.add')}
            </Button>
            {group && (
              <Button icon={Trash2} onClick={() => setDeleting(true)}>
                {t('sms.delete')}
              </Button>
            )}
          </>
        )
      }
    >
      {isDeleting && group && (
        <Consequence
          title={t('sms.delete')}
          does={t('sms.delete')}
          onLeave={() => setDeleting(false)}
          onDo={async () => {
            await deleteGroup(group.id, group.revision);
            onGone();
          }}
        >
          <p>{t('sms.group.delete.how')}</p>
        </Consequence>
      )}
      <Conflict<Draft> editing={editing} labels={labels()} show={shown} />
      <TextField
        name="group-name"
        label={t('sms.name')}
        value={draft.name}
        disabled={!mayChange}
        error={errorAt('name')}
        onValue={(name) => set({ name })}
      />
      <UnitPicker
        name="group-unit"
        label={t('sms.keeper')}
        hint={t('sms.keeper.how')}
        value={draft.unit}
        onValue={(unit) => set({ unit })}
      />
      <Select
        name="group-kind"
        label={t('sms.group.kind')}
        value={draft.kind}
        disabled={!mayChange}
        onValue={(kind) => set({ kind: kind as Draft['kind'] })}
        options={[
          ['rule', t('sms.group.rule.long')],
          ['static', t('sms.group.static.long')],
        ]}
      />
      {draft.kind === 'rule' ? (
        <RuleFields draft={draft} set={set} error={errorAt('within')} />
      ) : (
        <ListFields draft={draft} set={set} errorAt={errorAt} />
      )}
      <FormError error={editing.error} />
      <Inside draft={draft} />
    </Drawer>
  );
}

interface FieldsProps {
  draft: Draft;
  set: (change: Partial<Draft>) => void;
}

function RuleFields({ draft, set, error }: FieldsProps & { error: string | null }) {
  return (
    <>
      <Select
        name="group-who"
        label={t('sms.who')}
        value={draft.who}
        onValue={(who) => set({ who: who as Who })}
        options={[
          ['leaders', t('sms.who.leaders')],
          ['members', t('sms.who.members')],
        ]}
      />
      <Select
        name="group-level"
        label={t('sms.level')}
        value={draft.at_level}
        onValue={(at_level) => set({ at_level })}
        options={levelOptions()}
      />
      <UnitPicker
        name="group-within"
        label={t('sms.to.unit')}
        value={draft.within}
        error={error}
        onValue={(within) => set({ within })}
      />
    </>
  );
}

function ListFields({ draft, set, errorAt }: FieldsProps & { errorAt: (field: string) => string | null }) {
  return (
    <>
      <fieldset class="group">
        <legend class="section-title">{t('sms.group.people', { count: draft.members.length })}</legend>
        {draft.members.length > 0 && (
          <ul class="people">
            {draft.members.map(({ id, name }) => (
              <li key={id} class="people-row">
                <span class="grow clip">{name}</span>
                <SquareButton
                  icon={Trash2}
                  label={t('teams.remove', { name })}
                  onClick={() => set({ members: draft.members.filter((each) => each.id !== id) })}
                />
              </li>
            ))}
          </ul>
        )}
        <MemberPicker
          key={draft.members.length}
          name="group-member"
          label={t('teams.addmember')}
          value={null}
          error={errorAt('members')}
          onValue={(member) => {
            if (member && draft.members.every(({ id }) => id !== member.id))
              set({ members: [...draft.members, { id: member.id, name: member.name }] });
          }}
        />
      </fieldset>
      <TextArea
        name="group-numbers"
        label={t('sms.to.numbers')}
        hint={t('sms.to.numbers.how')}
        rows={3}
        value={draft.numbers}
        error={errorAt('numbers')}
        onValue={(numbers) => set({ numbers })}
      />
    </>
  );
}

/** Counted anew a moment after somebody changed the form. */
function Inside({ draft }: { draft: Draft }) {
  const [now, setNow] = useState<InGroup | null>(null);
  const content = toContent(draft);
  const key =
    hasAnybody(draft) && draft.unit !== null ? JSON.stringify({ ...content, name: '', note: '' }) : '';
  useEffect(() => {
    if (key === '' || !can('issuer')) {
      setNow(null);
      return;
    }
    let isWanted = true;
    const timer = setTimeout(() => {
      previewGroup(content).then(
        (found) => isWanted && setNow(found),
        () => isWanted && setNow(null),
      );
    }, ASK_AFTER_MS);
    return () => {
      isWanted = false;
      clearTimeout(timer);
    };
  }, [key]);
  if (!now) return null;
  return (
    <Section title={t('sms.group.now')}>
      <p class="plan-value num" data-testid="group-people">
        {t('sms.people', { count: now.people })}
      </p>
      {LEFT_OUT.filter((reason) => now.left_out[reason]).map((reason) => (
        <p key={reason} class="second">
          {t(`sms.leftout.${reason}`)}: {number(now.left_out[reason] ?? 0)}
        </p>
      ))}
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling region must be reachable by keyboard */}
      <ul class="recipients" aria-label={t('sms.recipients')} tabIndex={0}>
        {now.sample.map((each) => (
          <li key={each.place} class="clip">
            {nameOf(each)}
          </li>
        ))}
      </ul>
      {now.people > now.sample.length && (
        <p class="second">{t('sms.group.andmore', { count: now.people - now.sample.length })}</p>
      )}
    </Section>
  );
}

const labels = (): Record<keyof Draft, string> => ({
  name: t('sms.name'),
  unit: t('sms.keeper'),
  note: t('sms.note'),
  kind: t('sms.group.kind'),
  members: t('sms.to.member'),
  numbers: t('sms.to.numbers'),
  who: t('sms.who'),
  within: t('sms.to.unit'),
  at_level: t('sms.level'),
});

function shown(field: keyof Draft, value: unknown): string {
  if (field === 'unit' || field === 'within') return unitPath(Number(value));
  if (field === 'members') return (value as Draft['members']).map(({ name }) => name).join(t('list.comma'));
  return String(value || '–');
}
