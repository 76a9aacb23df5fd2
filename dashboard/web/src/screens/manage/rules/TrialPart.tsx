/** A rule tried against what has been: how often it would have fired, on which days, about whom. */
import { Play } from 'lucide';
import { useState } from 'preact/hooks';
import { type Episode, type Findings, type RuleCard, type Trial, tryRule } from '../../../api/rules';
import { Badge } from '../../../design/Badge';
import { Button } from '../../../design/Button';
import { Bars } from '../../../design/Chart';
import { Select } from '../../../design/Field';
import { FormError } from '../../../design/FormError';
import { day, named, number, t, time } from '../../../i18n';
import { nowMs } from '../../../state/clock';
import { useSending } from '../../../state/form';
import { can } from '../../../state/session';

const DAYS = ['1', '7', '14', '31'] as const;
const DAY_MS = 86_400_000;

export const daysOf = ({ since, until }: Trial): number =>
  Math.round((Date.parse(until) - Date.parse(since)) / DAY_MS);

interface Props {
  rule: RuleCard;
  isDirty: boolean;
  onAsked: (rule: RuleCard) => void;
}

export function TrialPart({ rule, isDirty, onAsked }: Props) {
  const [days, setDays] = useState('7');
  const { isBusy, error, send } = useSending();
  const { trial } = rule;
  const isRunning = trial !== null && trial.finished_at === null;
  const ask = () => void send(() => tryRule(rule.id, Number(days)).then(onAsked));
  return (
    <section class="rule-section" aria-label={t('rules.try')} data-testid="trial">
      <h3 class="section-title">{t('rules.try')}</h3>
      {can('administrator') && (
        <div class="line-wrap">
          <Select
            name="trial-days"
            label={t('rules.try.days')}
            bare
            value={days}
            onValue={setDays}
            options={DAYS.map(
              (each) =>
                [each, `${t('rules.try.days')} ${t('rules.try.day', { count: Number(each) })}`] as const,
            )}
          />
          <Button icon={Play} disabled={isBusy || isDirty || isRunning} onClick={ask} testId="try-rule">
            {t('rules.try.do')}
          </Button>
          {isDirty && <span class="quiet">{t('rules.try.first')}</span>}
        </div>
      )}
      <FormError error={error} />
      {trial === null ? <p class="quiet">{t('rules.try.none')}</p> : <Result trial={trial} />}
    </section>
  );
}

function Result({ trial }: { trial: Trial }) {
  if (trial.finished_at === null) {
    const { done, pieces } = trial;
    return (
      <div role="status">
        <p>{pieces > 0 ? t('rules.try.runs', { done, pieces }) : t('rules.try.waits')}</p>
        <progress
          class="rule-progress"
          aria-label={t('rules.try')}
          max={pieces || 1}
          value={pieces > 0 ? done : undefined}
        />
      </div>
    );
  }
  if (!trial.findings) return <p class="quiet">{t('rules.try.lost')}</p>;
  return (
    <>
      {!trial.is_of_now && <Badge tone="warn">{t('rules.try.old')}</Badge>}
      <Found trial={trial} findings={trial.findings} />
    </>
  );
}

function Found({ trial, findings }: { trial: Trial; findings: Findings }) {
  const { count, standing, subjects, sample, took_ms } = findings;
  return (
    <div class="group" data-testid="findings">
      <p class="rule-trial-count num">{t('rules.try.would', { count })}</p>
      <p class="second">
        {t('rules.try.about', { count: subjects, from: day(trial.since), to: day(trial.until) })} ·{' '}
        {t('rules.try.took', { seconds: number(took_ms / 1000, 1) })}
      </p>
      {standing > 0 && <p class="second">{t('rules.try.standing', { count: standing })}</p>}
      <Bars label={t('rules.try.bars')} bars={barsOf(trial, findings)} />
      {sample.length > 0 && (
        <div>
          <h4 class="section-title">{t('rules.try.sample')}</h4>
          <ul class="rule-episodes">
            {sample.map((episode) => (
              <li key={`${episode.unit.id} ${episode.member?.id ?? ''} ${episode.opened_at}`}>
                <span class="clip">
                  {episode.member ? `${episode.member.name} · ${named(episode.unit)}` : named(episode.unit)}
                  <span class="second"> · {t('rules.try.more', { count: episode.subjects })}</span>
                </span>
                <span class="second num">{spanOf(episode)}</span>
              </li>
            ))}
          </ul>
        </div>
      )}
    </div>
  );
}

function spanOf({ opened_at, ended_at }: Episode): string {
  const from = time(opened_at, nowMs.value);
  return ended_at
    ? t('rules.try.span', { from, to: time(ended_at, nowMs.value) })
    : t('rules.try.still', { from });
}

const LABELLED = 8; // more days than that are named by every other, and so on

/** Each local day of the time, those without a case too. */
export function barsOf(trial: Pick<Trial, 'since' | 'until'>, { by_day }: Pick<Findings, 'by_day'>) {
  const named = Object.keys(by_day).sort();
  const first = dateOf(trial.since);
  const last = dateOf(trial.until);
  const days: string[] = [];
  for (let at = Date.parse(first); at <= Date.parse(last); at += DAY_MS)
    days.push(new Date(at).toISOString().slice(0, 10));
  const all = [...new Set([...days, ...named])].sort();
  const every = Math.ceil(all.length / LABELLED);
  return all.map((date, index) => ({
    key: date,
    name: index % every === 0 ? `${Number(date.slice(5, 7))}/${Number(date.slice(8))}` : '',
    value: by_day[date] ?? 0,
    shown: number(by_day[date] ?? 0),
  }));
}

const two = (value: number): string => String(value).padStart(2, '0');
const dateOf = (at: string): string => {
  const on = new Date(at);
  return `${on.getFullYear()}-${two(on.getMonth() + 1)}-${two(on.getDate())}`;
};
