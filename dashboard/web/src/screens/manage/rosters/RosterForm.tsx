/** A roster's pattern and its people. A template fills the grid; each cell can then be changed. */
import { addRoster, changeRoster, getRoster, type RosterCard } from '../../../api/duty';
import { Button } from '../../../design/Button';
import { TextField } from '../../../design/Field';
import { FormError } from '../../../design/FormError';
import { t } from '../../../i18n';
import { nowMs } from '../../../state/clock';
import {
  CYCLE_MOST,
  isTime,
  linesOfTemplate,
  mondayOf,
  resized,
  TEMPLATES,
  type Template,
} from '../../../state/cycle';
import { useEditing } from '../../../state/editing';
import { can, me } from '../../../state/session';
import { Conflict } from '../forms/Conflict';
import { unitFilter } from '../forms/UnitFilter';
import { UnitPicker, unitPath } from '../UnitPicker';
import { CycleGrid } from './CycleGrid';
import { type RosterDraft, toChange, toDraft, toWhole } from './draft';
import { RosterPeople } from './RosterPeople';

interface Props {
  roster: RosterCard | null;
  onSaved: (roster: RosterCard) => void;
}

export function RosterForm({ roster, onSaved }: Props) {
  const editing = useEditing<RosterCard, RosterDraft>({
    thing: roster,
    toDraft,
    blank: blank(),
    send: (draft, change, revision) =>
      roster ? changeRoster(roster.id, revision, toChange(draft, change)) : addRoster(toWhole(draft)),
    reload: roster ? () => getRoster(roster.id) : undefined,
    onSaved,
  });
  const { draft, set, errorAt, isBusy, isDirty } = editing;
  const mayChange = can('administrator');
  const isWhole =
    draft.name.trim() !== '' &&
    draft.unit !== null &&
    draft.lines.every(({ starts, ends }) => isTime(starts) && isTime(ends));
  const resize = (days: number) => {
    if (days >= 1 && days <= CYCLE_MOST) set({ cycle_days: days, lines: resized(draft.lines, days) });
  };
  return (
    <form
      class="roster-form"
      onSubmit={(event) => {
        event.preventDefault();
        editing.save();
      }}
    >
      <Conflict editing={editing} labels={labels()} show={shown} />
      <fieldset class="group" disabled={!mayChange}>
        <legend class="unseen">{t('rosters.pattern')}</legend>
        <div class="quad">
          <TextField
            name="roster-name"
            label={t('organisation.name')}
            value={draft.name}
            onValue={(name) => set({ name })}
            error={errorAt('name')}
          />
          <UnitPicker
            name="roster-unit"
            label={t('unit')}
            value={draft.unit}
            onValue={(unit) => set({ unit })}
            error={errorAt('unit')}
          />
          <TextField
            name="roster-anchor"
            label={t('rosters.anchor')}
            type="date"
            value={draft.anchor}
            onValue={(anchor) => anchor && set({ anchor })}
            error={errorAt('anchor')}
          />
          <TextField
            name="roster-cycle"
            label={t('rosters.cycle.days')}
            type="number"
            min={1}
            max={CYCLE_MOST}
            value={String(draft.cycle_days)}
            onValue={(days) => resize(Number(days))}
            error={errorAt('cycle_days')}
          />
        </div>
        <Templates onTake={(change) => set({ ...change, anchor: mondayOf(draft.anchor) })} />
        <CycleGrid
          lines={draft.lines}
          cycleDays={draft.cycle_days}
          anchor={draft.anchor}
          onLines={(lines) => set({ lines })}
          error={errorAt('shifts')}
        />
        <RosterPeople
          members={draft.members}
          lines={draft.lines}
          cycleDays={draft.cycle_days}
          anchor={draft.anchor}
          onMembers={(members) => set({ members })}
          error={errorAt('members')}
        />
      </fieldset>
      <FormError error={editing.error} />
      {mayChange && (
        <div class="unit-save">
          <Button type="submit" look="main" disabled={isBusy || !isDirty || !isWhole} testId="save-roster">
            {t(isBusy ? 'save.busy' : roster ? 'save' : 'rosters.add')}
          </Button>
          {isDirty && roster && <span class="second">{t('organisation.unsaved')}</span>}
        </div>
      )}
    </form>
  );
}

function Templates({ onTake }: { onTake: (change: Pick<RosterDraft, 'cycle_days' | 'lines'>) => void }) {
  const take = (template: Template) =>
    onTake({
      cycle_days: template.cycleDays,
      lines: linesOfTemplate(template, (name) => t(`roster.shift.${name}`)),
    });
  return (
    <div class="line-wrap">
      <span class="second">{t('rosters.templates')}</span>
      {TEMPLATES.map((template) => (
        <Button key={template.code} onClick={() => take(template)} testId={`template-${template.code}`}>
          {t(`roster.template.${template.code}`)}
        </Button>
      ))}
    </div>
  );
}

function blank(): RosterDraft {
  const weekdays = TEMPLATES[0]!;
  return {
    name: '',
    unit: unitFilter.value ?? me.value?.unit.id ?? null,
    timezone: 'Asia/Shanghai',
    anchor: mondayOf(new Date(nowMs.value).toISOString().slice(0, 10)),
    cycle_days: weekdays.cycleDays,
    lines: linesOfTemplate(weekdays, (name) => t(`roster.shift.${name}`)),
    members: [],
  };
}

const labels = (): Record<keyof RosterDraft, string> => ({
  name: t('organisation.name'),
  unit: t('unit'),
  timezone: t('rosters.timezone'),
  anchor: t('rosters.anchor'),
  cycle_days: t('rosters.cycle.days'),
  lines: t('rosters.pattern'),
  members: t('rosters.people'),
});

function shown(field: keyof RosterDraft, value: unknown): string {
  if (field === 'unit') return unitPath(Number(value));
  if (field === 'members')
    return (value as RosterDraft['members']).map(({ member }) => member.name).join(t('list.comma')) || '–';
  if (field === 'lines')
    return (value as RosterDraft['lines'])
      .map(({ name, starts, ends }) => `${name} ${starts}–${ends}`)
      .join(t('list.comma'));
  return String(value);
}
