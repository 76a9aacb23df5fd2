/** An area drawn on the map, or what there is without one. */
import { PenTool, VectorSquare, X } from 'lucide';
import { useEffect, useRef } from 'preact/hooks';
import { Button } from '../design/Button';
import { number, t } from '../i18n';
import { groundM2 } from '../map/geometry';
import { adjust, clear, draw, flaw, hand, outline } from '../state/outline';

interface Props {
  name: string; // before the ids of its buttons
  label: string;
  without: string; // what counts while nothing is drawn
  back: string; // the button that takes the drawing away
  next: string; // the id of what one does after drawing
}

const KM2 = 1e6; // square metres
const FIRST_KM2 = 0.1; // from here on nobody counts square metres

function sizeOf(m2: number): string {
  const isLarge = m2 >= FIRST_KM2 * KM2;
  return isLarge ? t('was.area.km2', { size: number(m2 / KM2, 2) }) : t('was.area.m2', { size: number(m2) });
}

/** What had the focus is gone with the pen: the next thing to do gets it. */
function useFocusAfterDrawing({ name, next }: Props): void {
  const isHeld = hand.value !== 'off';
  const wasHeld = useRef(false);
  useEffect(() => {
    if (wasHeld.current && !isHeld) document.getElementById(outline.peek() ? next : `${name}-draw`)?.focus();
    wasHeld.current = isHeld;
  }, [isHeld]);
}

function words(without: string): string {
  if (hand.value === 'draw') return t('was.drawing');
  if (!outline.value) return without;
  return flaw.value ? t('was.area.flawed') : t('was.area', { size: sizeOf(groundM2(outline.value)) });
}

export function AreaChoice(props: Props) {
  const { name, label, without, back } = props;
  useFocusAfterDrawing(props);
  const isDrawn = outline.value !== null && hand.value !== 'draw';
  return (
    <div class="field" role="group" aria-labelledby={`${name}-where`}>
      <span class="field-label" id={`${name}-where`}>
        {label}
      </span>
      <p class="was-where" data-testid={`${name}-where`}>
        {words(without)}
      </p>
      {hand.value === 'adjust' && flaw.value && (
        <p class="field-error" data-testid={`${name}-flaw`}>
          {t(`was.flaw.${flaw.value}`)}
        </p>
      )}
      {isDrawn ? (
        <div class="line-wrap">
          <Button
            icon={VectorSquare}
            disabled={hand.value === 'adjust'}
            onClick={adjust}
            testId={`${name}-adjust`}
          >
            {t('was.adjust')}
          </Button>
          <Button icon={PenTool} onClick={draw}>
            {t('was.redraw')}
          </Button>
          <Button icon={X} onClick={clear} testId={`${name}-clear`}>
            {back}
          </Button>
        </div>
      ) : (
        <div class="line-wrap">
          <Button
            id={`${name}-draw`}
            icon={PenTool}
            disabled={hand.value === 'draw'}
            onClick={draw}
            testId={`${name}-draw`}
          >
            {t('was.draw')}
          </Button>
        </div>
      )}
    </div>
  );
}
