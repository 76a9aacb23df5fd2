import type { Reach } from '../api/types';
import { number, t } from '../i18n';
import { reachParts } from './reach-parts';

export function ReachBar({ reach }: { reach: Reach }) {
  const whole = Math.max(1, reach.audience);
  const words = t('reach.short', {
    acknowledged: number(reach.acknowledged),
    audience: number(reach.audience),
  });
  return (
    <div class="reach" role="img" aria-label={`${t('reach')}: ${words}`} data-testid="reach">
      {reachParts(reach).map(({ name, people }) => (
        <div key={name} class={`reach-part reach-${name}`} style={{ width: `${(100 * people) / whole}%` }} />
      ))}
    </div>
  );
}

const FIGURES = ['audience', 'told', 'delivered', 'acknowledged', 'failed'] as const;

export function ReachFigures({ reach }: { reach: Reach }) {
  return (
    <div class="figures figures-tight">
      {FIGURES.map((name) => (
        <div key={name} class="figure">
          <span class="figure-value" data-testid={`reach-${name}`}>
            {number(reach[name])}
          </span>
          <span class="figure-name">{t(`reach.${name}`)}</span>
        </div>
      ))}
    </div>
  );
}
