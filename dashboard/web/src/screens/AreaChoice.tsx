/** Where "who was here" looks: in the chosen unit, or in an area drawn on the map. */
import { PenTool, VectorSquare, X } from 'lucide';
import { useEffect, useRef } from 'preact/hooks';
import type { Unit } from '../api/types';
import { Button } from '../design/Button';
import { named, number, t } from '../i18n';
import { groundM2 } from '../map/geometry';
import { adjust, clear, draw, flaw, hand, outline } from '../state/outline';

const KM2 = 1e6; // square metres
const FIRST_KM2 = 0.1; // from here on nobody counts square metres

function sizeOf(m2: number): string {
  const isLarge = m2 >= FIRST_KM2 * KM2;
  return isLarge ? t('was.area.km2', { size: number(m2 / KM2, 2) }) : t('was.area.m2', { size: number(m2) });
}

/** What had the focus is gone with the pen: the next thing to do gets it. */
function useFocusAfterDrawing(): void {
  const isHeld = hand.value !== 'off';
  const wasHeld = useRef(false);
  useEffect(() => {
    if (wasHeld.current && !isHeld) document.getElementById(outline.peek() ? 'was-ask' : 'was-draw')?.focus();
    wasHeld.current = isHeld;
  }, [isHeld]);
}

function words(unit: Unit): string {
  if (hand.value === 'draw') return t('was.drawing');
  if (!outline.value) return named(unit);
  return flaw.value ? t('was.area.flawed') : t('was.area', { size: sizeOf(groundM2(outline.value)) });
}

export function AreaChoice({ unit }: { unit: Unit }) {
  useFocusAfterDrawing();
  const isDrawn = outline.value !== null && hand.value !== 'draw';
  return (
    <div class="field" role="group" aria-labelledby="was-where">
      <span class="field-label" id="was-where">
        {t('was.where')}
      </span>
      <p class="was-where" data-testid="was-where">
        {words(unit)}
      </p>
      {hand.value === 'adjust' && flaw.value && (
        <p class="field-error" data-testid="was-flaw">
          {t(`was.flaw.${flaw.value}`)}
        </p>
      )}
      {isDrawn ? (
        <div class="line-wrap">
          <Button icon={VectorSquare} disabled={hand.value === 'adjust'} onClick={adjust} testId="was-adjust">
            {t('was.adjust')}
          </Button>
          <Button icon={PenTool} onClick={draw}>
            {t('was.redraw')}
          </Button>
          <Button icon={X} onClick={clear} testId="was-clear">
            {t('was.clear', { name: named(unit) })}
          </Button>
        </div>
      ) : (
        <div class="line-wrap">
          <Button
            id="was-draw"
            icon={PenTool}
            disabled={hand.value === 'draw'}
            onClick={draw}
            testId="was-draw"
          >
            {t('was.draw')}
          </Button>
        </div>
      )}
    </div>
  );
}
