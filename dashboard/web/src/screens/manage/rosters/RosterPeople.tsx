/** Who follows a roster, how many days later in the cycle, and what that comes to. */
import { Trash2 } from 'lucide';
import { SquareButton } from '../../../design/Button';
import { t, weekday } from '../../../i18n';
import { nowMs } from '../../../state/clock';
import { bestOffset, coverage, dateAfter, dayOfCycle, type Line } from '../../../state/cycle';
import { MemberPicker } from '../forms/MemberPicker';
import type { Follower } from './draft';

interface Props {
  members: readonly Follower[];
  lines: readonly Line[];
  cycleDays: number;
  anchor: string;
  onMembers: (members: Follower[]) => void;
  error: string | null;
}

export function RosterPeople({ members, lines, cycleDays, anchor, onMembers, error }: Props) {
  const put = (at: number, change: Partial<Follower>) =>
    onMembers(members.map((each, index) => (index === at ? { ...each, ...change } : each)));
  const today = new Date(nowMs.value).toISOString().slice(0, 10);
  return (
    <fieldset class="group">
      <legend class="section-title">{t('rosters.people.count', { count: members.length })}</legend>
      {members.length > 0 && (
        <div class="cycle-scroll">
          <table class="cycle-table people-table" data-testid="roster-people">
            <thead>
              <tr>
                <th scope="col">{t('members.name')}</th>
                <th scope="col">{t('rosters.offset')}</th>
                <th scope="col">{t('rosters.since')}</th>
                <th scope="col">{t('rosters.until')}</th>
                <th scope="col">{t('rosters.comes')}</th>
                <td />
              </tr>
            </thead>
            <tbody>
              {members.map((each, at) => (
                <tr key={`${each.member.id} ${each.since}`}>
                  <th scope="row">{each.member.name}</th>
                  <td>
                    <input
                      class="input cycle-offset num"
                      type="number"
                      min={0}
                      max={cycleDays - 1}
                      aria-label={t('rosters.offset')}
                      value={each.offset_days}
                      onInput={(event) => put(at, { offset_days: Number(event.currentTarget.value) || 0 })}
                    />
                  </td>
                  <td>
                    <DateField
                      label={t('rosters.since')}
                      value={each.since}
                      onValue={(since) => since && put(at, { since })}
                    />
                  </td>
                  <td>
                    <DateField
                      label={t('rosters.until')}
                      value={each.until ?? ''}
                      onValue={(until) => put(at, { until: until || null })}
                    />
                  </td>
                  <td>
                    <Strip lines={lines} cycleDays={cycleDays} offset={each.offset_days} />
                  </td>
                  <td>
                    <SquareButton
                      icon={Trash2}
                      label={t('teams.remove', { name: each.member.name })}
                      onClick={() => onMembers(members.filter((_, index) => index !== at))}
                    />
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      {members.length > 0 && lines.length > 0 && (
        <Together
          lines={lines}
          cycleDays={cycleDays}
          anchor={anchor}
          offsets={members.map((each) => each.offset_days)}
        />
      )}
      <div class="roster-add">
        <MemberPicker
          key={members.length}
          name="roster-member"
          label={t('teams.addmember')}
          hint={t('rosters.addmember.how')}
          value={null}
          onValue={(member) => {
            if (member)
              onMembers([
                ...members,
                {
                  member: { id: member.id, name: member.name },
                  offset_days: bestOffset(
                    lines,
                    members.map((each) => each.offset_days),
                    cycleDays,
                  ),
                  since: today,
                  until: null,
                },
              ]);
          }}
          error={error}
        />
      </div>
    </fieldset>
  );
}

interface DateProps {
  label: string;
  value: string;
  onValue: (value: string) => void;
}

const DateField = ({ label, value, onValue }: DateProps) => (
  <input
    class="input cycle-date num"
    type="date"
    aria-label={label}
    value={value}
    onChange={(event) => onValue(event.currentTarget.value)}
  />
);

interface StripProps {
  lines: readonly Line[];
  cycleDays: number;
  offset: number;
}

/** One cycle of one person, from the anchor on: the first letter of the shift of each day. */
function Strip({ lines, cycleDays, offset }: StripProps) {
  const days = Array.from({ length: cycleDays }, (_, day) => {
    const at = dayOfCycle(day, offset, cycleDays);
    return lines.filter((line) => line.days[at]).map(({ name }) => name);
  });
  return (
    <span class="turns" role="img" aria-label={days.map((names) => names.join('+') || '–').join(' ')}>
      {days.map((names, day) => (
        <span
          key={day}
          class={names.length > 0 ? 'turns-day turns-on' : 'turns-day'}
          title={names.join(' + ')}
        >
          {names[0]?.slice(0, 1)}
        </span>
      ))}
    </span>
  );
}

interface TogetherProps {
  lines: readonly Line[];
  cycleDays: number;
  anchor: string;
  offsets: readonly number[];
}

/** How many people each shift has on each day, all of them together: a gap is seen before it is lived. */
function Together({ lines, cycleDays, anchor, offsets }: TogetherProps) {
  const present = coverage(lines, offsets, cycleDays);
  const days = Array.from({ length: cycleDays }, (_, day) => day);
  return (
    <div class="cycle-scroll">
      <table class="cycle-table" data-testid="together">
        <caption class="section-title together-title">{t('rosters.together')}</caption>
        <thead>
          <tr>
            <td />
            {days.map((day) => (
              <th key={day} scope="col" class="cycle-day num">
                {cycleDays % 7 === 0 ? weekday(dateAfter(anchor, day)) : day + 1}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {lines.map((line, at) => (
            <tr key={at}>
              <th scope="row">{line.name}</th>
              {present[at]!.map((count, day) => (
                <td key={day} class="cycle-day">
                  <span class={count > 0 ? 'turns-day turns-on num' : 'turns-day turns-none num'}>
                    {count}
                  </span>
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
