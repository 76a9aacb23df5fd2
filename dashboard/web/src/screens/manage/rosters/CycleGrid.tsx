/** Shifts over the days of a cycle, as one person goes through it. */
import { Check, Plus, Trash2 } from 'lucide';
import { Button, SquareButton } from '../../../design/Button';
import { Icon } from '../../../design/Icon';
import { number, t, weekday } from '../../../i18n';
import { dateAfter, hoursOf, isTime, type Line, tidied, toggled } from '../../../state/cycle';

interface Props {
  lines: readonly Line[];
  cycleDays: number;
  anchor: string;
  onLines: (lines: Line[]) => void;
  error: string | null;
}

const MOST_LINES = 8;

export function CycleGrid({ lines, cycleDays, anchor, onLines, error }: Props) {
  const days = Array.from({ length: cycleDays }, (_, day) => day);
  const isWeekly = cycleDays % 7 === 0;
  const put = (at: number, change: Partial<Line>) =>
    onLines(lines.map((line, index) => (index === at ? { ...line, ...change } : line)));
  const add = () =>
    onLines([
      ...lines,
      { name: t('roster.shift.day'), starts: '08:00', ends: '16:00', days: days.map(() => false) },
    ]);
  return (
    <section class="cycle" aria-label={t('rosters.pattern')}>
      <div class="cycle-scroll">
        <table class="cycle-table" data-testid="cycle">
          <thead>
            <tr>
              <th scope="col">{t('rosters.shift')}</th>
              <th scope="col">{t('rosters.hours')}</th>
              {days.map((day) => (
                <th key={day} scope="col" class="cycle-day num">
                  {isWeekly ? weekday(dateAfter(anchor, day)) : day + 1}
                </th>
              ))}
              <td />
            </tr>
          </thead>
          <tbody>
            {lines.map((line, at) => (
              <tr key={at}>
                <th scope="row">
                  <input
                    class="input cycle-name"
                    aria-label={t('rosters.shift.name')}
                    value={line.name}
                    onInput={(event) => put(at, { name: event.currentTarget.value })}
                  />
                </th>
                <td>
                  <Hours line={line} onChange={(change) => put(at, change)} />
                </td>
                {days.map((day) => (
                  <td key={day} class="cycle-day">
                    <button
                      type="button"
                      class="cycle-cell num"
                      aria-pressed={line.days[day]}
                      aria-label={t('rosters.cell', { shift: line.name, day: day + 1 })}
                      onClick={() => onLines(toggled(lines, at, day))}
                    >
                      {line.days[day] && <Icon node={Check} />}
                    </button>
                  </td>
                ))}
                <td>
                  <SquareButton
                    icon={Trash2}
                    label={t('rosters.shift.remove', { name: line.name })}
                    onClick={() => onLines(lines.filter((_, index) => index !== at))}
                  />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {lines.some(({ starts, ends }) => !isTime(starts) || !isTime(ends)) && (
        <span class="field-error" role="alert">
          {t('rosters.time.wrong')}
        </span>
      )}
      {error && (
        <span class="field-error" role="alert">
          {error}
        </span>
      )}
      <div class="line-wrap">
        <Button icon={Plus} disabled={lines.length >= MOST_LINES} onClick={add}>
          {t('rosters.shift.add')}
        </Button>
        <span class="quiet">{t('rosters.cells.how')}</span>
      </div>
    </section>
  );
}

/** Typed as four digits with a colon: the browser's own time field follows its language, not ours. */
function Hours({ line, onChange }: { line: Line; onChange: (change: Partial<Line>) => void }) {
  const field = (name: 'starts' | 'ends', label: string) => (
    <input
      class="input cycle-time num"
      type="text"
      inputMode="numeric"
      maxLength={5}
      placeholder="08:00"
      aria-label={label}
      aria-invalid={isTime(line[name]) ? undefined : true}
      value={line[name]}
      onInput={(event) => onChange({ [name]: event.currentTarget.value })}
      onBlur={(event) => onChange({ [name]: tidied(event.currentTarget.value) })}
    />
  );
  const isWhole = isTime(line.starts) && isTime(line.ends);
  return (
    <span class="line">
      {field('starts', t('rosters.starts'))}–{field('ends', t('rosters.ends'))}
      <span class="quiet num cycle-length">
        {isWhole ? t('rosters.length', { hours: number(hoursOf(line), 1) }) : ''}
      </span>
    </span>
  );
}
