/** What the grids' colours mean while an alert is open, and the switch that takes them away. */
import { Eye, EyeOff } from 'lucide';
import { Button } from '../design/Button';
import { t } from '../i18n';
import { isShaded, STEPS, shading, switchShading } from '../state/reach';

export function ShadeLegend() {
  const now = shading.value;
  if (!now) return null;
  const on = isShaded.value;
  return (
    <div class="shade-legend" role="note" aria-label={t('shade')}>
      {on && <strong>{t(now.kind === 'reach' ? 'shade' : 'shade.preview')}</strong>}
      {on && now.kind === 'reach' && (
        <ol class="shade-steps" aria-hidden="true">
          {STEPS.map((from, step) => (
            <li key={from}>
              <span class={`shade-step shade-step-${step}`} />
              {`${from}–${from + 20}`}
              {step === STEPS.length - 1 && ' %'}
            </li>
          ))}
        </ol>
      )}
      {on && now.kind === 'preview' && <span class="shade-step shade-step-told" />}
      <Button
        icon={on ? EyeOff : Eye}
        look="plain"
        aria-pressed={on}
        onClick={switchShading}
        testId="shade-switch"
      >
        {t(on ? 'shade.hide' : 'shade.show')}
      </Button>
    </div>
  );
}
