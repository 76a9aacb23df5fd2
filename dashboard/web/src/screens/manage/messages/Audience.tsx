/** To whom a circular goes: units, groups, teams, people and bare numbers, each as a chip that can be taken out. */
import { Plus, X } from 'lucide';
import { useState } from 'preact/hooks';
import { getTeams } from '../../../api/duty';
import { getGroups, type Who } from '../../../api/messages';
import { Button } from '../../../design/Button';
import { Select, TextArea } from '../../../design/Field';
import { Icon } from '../../../design/Icon';
import { t } from '../../../i18n';
import { useFetched } from '../../../state/async';
import { levelName, me } from '../../../state/session';
import { MemberPicker } from '../forms/MemberPicker';
import { ranked } from '../rules/draft';
import { UnitPicker, unitPath } from '../UnitPicker';
import { added, type CircularDraft, keyOf, person, type To } from './draft';

interface Props {
  draft: CircularDraft;
  set: (change: Partial<CircularDraft>) => void;
  error: string | null;
}

export function Audience({ draft, set, error }: Props) {
  const add = (one: To) => set({ to: added(draft.to, one) });
  const without = (key: string) => set({ to: draft.to.filter((each) => keyOf(each) !== key) });
  return (
    <fieldset class="group">
      <legend class="section-title">{t('sms.to')}</legend>
      {draft.to.length > 0 && (
        <ul class="chips" data-testid="to" aria-label={t('sms.to')}>
          {draft.to.map((each) => (
            <li key={keyOf(each)} class="chip">
              <span class="second">{t(`sms.to.${each.kind}`)}</span>
              <span class="clip">{each.name}</span>
              <button
                type="button"
                class="chip-drop"
                aria-label={t('sms.to.drop', { name: each.name })}
                onClick={() => without(keyOf(each))}
              >
                <Icon node={X} />
              </button>
            </li>
          ))}
        </ul>
      )}
      <AddUnits onAdd={add} />
      <div class="pair">
        <AddListed onAdd={add} />
        <MemberPicker
          key={`member ${draft.to.length}`}
          name="to-member"
          label={t('sms.to.member')}
          value={null}
          onValue={(member) => member && add(person('member', member))}
        />
      </div>
      <TextArea
        name="to-numbers"
        label={t('sms.to.numbers')}
        hint={t('sms.to.numbers.how')}
        rows={2}
        value={draft.numbers}
        error={error}
        onValue={(numbers) => set({ numbers })}
      />
    </fieldset>
  );
}

/** Leaders, or all members, of a unit and below it, perhaps of one level only. */
export function whoName(who: Who, level: string | null, unit: number): string {
  return t('sms.who.of', {
    who: t(`sms.who.${who}`),
    level: level ? levelName(level) : t('sms.level.any'),
    unit: unitPath(unit) || t('filter.all'),
  });
}

export const levelOptions = (): (readonly [string, string])[] => [
  ['', t('sms.level.any')],
  ...ranked(me.value?.levels ?? []).map(({ code }) => [code, levelName(code)] as const),
];

function AddUnits({ onAdd }: { onAdd: (to: To) => void }) {
  const [unit, setUnit] = useState<number | null>(null);
  const [who, setWho] = useState<Who>('leaders');
  const [level, setLevel] = useState('');
  const add = () => {
    if (unit === null) return;
    const at_level = level || null;
    onAdd({ kind: 'unit', unit, who, at_level, name: whoName(who, at_level, unit) });
    setUnit(null);
  };
  return (
    <div class="add-units">
      <UnitPicker name="to-unit" label={t('sms.to.unit')} value={unit} onValue={setUnit} isOptional />
      <Select
        name="to-who"
        label={t('sms.who')}
        value={who}
        onValue={(value) => setWho(value as Who)}
        options={[
          ['leaders', t('sms.who.leaders')],
          ['members', t('sms.who.members')],
        ]}
      />
      <Select
        name="to-level"
        label={t('sms.level')}
        value={level}
        onValue={setLevel}
        options={levelOptions()}
      />
      <Button icon={Plus} disabled={unit === null} onClick={add} testId="add-units">
        {t('sms.to.add')}
      </Button>
    </div>
  );
}

/** Groups and teams in one list: both are people under a name. */
function AddListed({ onAdd }: { onAdd: (to: To) => void }) {
  const groups = useFetched('sms groups', getGroups);
  const teams = useFetched('sms teams', () => getTeams({ limit: 200, offset: 0 }));
  const options = [
    ...(groups.value?.groups ?? []).map(
      (each) => [`group ${each.id}`, each.name, t('sms.to.group')] as const,
    ),
    ...(teams.value?.teams ?? []).map((each) => [`team ${each.id}`, each.name, t('sms.to.team')] as const),
  ];
  const choose = (value: string) => {
    const [kind, id] = value.split(' ');
    const name = options.find(([key]) => key === value)?.[1] ?? '';
    if (id) onAdd({ kind: kind as 'group' | 'team', id: Number(id), name });
  };
  return (
    <Select
      name="to-listed"
      label={t('sms.to.listed')}
      value=""
      onValue={choose}
      options={[
        ['', t(options.length > 0 ? 'sms.to.choose' : 'sms.to.nothing')],
        ...options.map(([key, name, kind]) => [key, `${kind} · ${name}`] as const),
      ]}
    />
  );
}
