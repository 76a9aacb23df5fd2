/** The reach of an alert: in all, by channel, by level, and by grid, downwards from the unit in view. */
import type { ReachReport } from '../api/reach';
import { Section } from '../design/Panel';
import { named, number, t, tWord } from '../i18n';
import { go } from '../state/place';
import { type Tally, tally } from '../state/reach';
import { levelName } from '../state/session';
import { childrenOf, chosenUnit, shortName, unitsById } from '../state/units';
import { ReachFigures } from './Reach';

export function ReachView({ report }: { report: ReachReport }) {
  return (
    <div class="panel-body" data-testid="reach-view">
      <Section title={t('reach')}>
        <ReachFigures reach={report.total} />
      </Section>
      <Channels report={report} />
      <Levels report={report} />
      <Grids report={report} />
    </div>
  );
}

function Channels({ report }: { report: ReachReport }) {
  const channels = Object.entries(report.by_channel);
  const answers = Object.entries(report.by_answer);
  return (
    <Section title={t('reach.channels')}>
      <table class="reach-table">
        <thead>
          <tr>
            <th>{t('reach.channel')}</th>
            <th>{t('reach.audience')}</th>
            <th>{t('reach.told')}</th>
            <th>{t('reach.delivered')}</th>
            <th>{t('reach.failed')}</th>
            <th>{t('reach.unknown')}</th>
          </tr>
        </thead>
        <tbody>
          {channels.map(([channel, reach]) => (
            <tr key={channel} data-testid={`reach-channel-${channel}`}>
              <th scope="row">{tWord('channel', channel)}</th>
              <td>{number(reach.people)}</td>
              <td>{number(reach.told)}</td>
              <td>{number(reach.delivered)}</td>
              <td>{number(reach.failed)}</td>
              <td>{number(reach.unknown)}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {answers.length > 0 && (
        <div class="chips">
          {answers.map(([channel, people]) => (
            <span key={channel} class="chip chip-plain num">
              {t('reach.answered', { channel: tWord('answer', channel), count: people })}
            </span>
          ))}
        </div>
      )}
    </Section>
  );
}

function Levels({ report }: { report: ReachReport }) {
  return (
    <Section title={t('reach.levels')}>
      <ul class="reach-rows">
        {Object.entries(report.by_level).map(([level, reach]) => (
          <li key={level} class="reach-row">
            <Line name={levelName(level)} of={reach} />
          </li>
        ))}
      </ul>
    </Section>
  );
}

/** The units below the one in view that have somebody to be told, those with the lowest share first. */
function Grids({ report }: { report: ReachReport }) {
  const unit = chosenUnit.value;
  if (!unit) return null;
  const sums = tally(report.units, (id) => unitsById.value.get(id)?.parent ?? null);
  const below = childrenOf(unit.id).flatMap((child) => {
    const of = sums.get(child.id);
    return of ? [{ child, of }] : [];
  });
  const share = ({ of }: { of: Tally }) => of.acknowledged / Math.max(1, of.audience);
  below.sort((a, b) => share(a) - share(b) || b.of.audience - a.of.audience);
  return (
    <Section title={t('reach.grids', { unit: named(unit) })}>
      {below.length === 0 && <p class="quiet">{t('reach.grids.none')}</p>}
      <ul class="reach-rows">
        {below.map(({ child, of }) => (
          <li key={child.id}>
            <button
              type="button"
              class="reach-row reach-row-open"
              onClick={() => go({ unit: child.id })}
              data-testid="reach-unit"
            >
              <Line name={shortName(child)} of={of} />
            </button>
          </li>
        ))}
      </ul>
    </Section>
  );
}

function Line({ name, of }: { name: string; of: Tally }) {
  const share = (100 * of.acknowledged) / Math.max(1, of.audience);
  return (
    <>
      <span class="clip">{name}</span>
      <span class="reach-share" aria-hidden="true">
        <span style={{ width: `${share}%` }} />
      </span>
      <span class="num second">
        {t('reach.part', { part: number(of.acknowledged), whole: number(of.audience) })}
      </span>
      <strong class="num">{number(share)} %</strong>
    </>
  );
}
