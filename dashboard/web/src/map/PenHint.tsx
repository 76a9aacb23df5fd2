/** While the pen is in hand: one line on what to do or what is wrong, the buttons that do it, and their keys. */
import { Check, PenTool, Undo2, X } from 'lucide';
import { useEffect } from 'preact/hooks';
import { Button } from '../design/Button';
import { t } from '../i18n';
import { isPhone } from '../state/frame';
import { cancel, corners, draw, FEWEST_CORNERS, finish, flaw, hand, isShort } from '../state/outline';
import type { Pen } from './pen';

/** Before the keys of the whole screen: Escape must not close the panel that asked for the area. */
function onKey(pen: Pen, event: KeyboardEvent): void {
  const target = event.target as HTMLElement;
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (target.matches('input, textarea, select') || document.querySelector('dialog[open]')) return;
  const isOnMap = target.matches('canvas');
  const runs: Record<string, (() => void) | false> = {
    Escape: cancel,
    Enter: isOnMap && (() => finish(() => pen.close())),
    ' ': isOnMap && hand.value === 'draw' && (() => pen.pressCentre()),
    Backspace: isOnMap && hand.value === 'draw' && (() => pen.undo()),
  };
  const run = runs[event.key];
  if (!run) return;
  event.preventDefault();
  run();
}

function trouble(): string | null {
  if (isShort.value) return t('pen.short', { count: FEWEST_CORNERS - corners.value });
  return hand.value === 'adjust' && flaw.value ? t(`was.flaw.${flaw.value}`) : null;
}

function how(): string {
  if (hand.value === 'adjust') return t('pen.adjust');
  return t(isPhone.value ? 'pen.draw.touch' : 'pen.draw');
}

export function PenHint({ pen }: { pen: Pen }) {
  useEffect(() => {
    const listen = (event: KeyboardEvent) => onKey(pen, event);
    document.addEventListener('keydown', listen, true);
    return () => document.removeEventListener('keydown', listen, true);
  }, [pen]);
  const isDrawing = hand.value === 'draw';
  const bad = trouble();
  const look = isDrawing ? 'map-hint-long second' : 'second';
  return (
    <>
      {isDrawing && <div class="map-cross" aria-hidden="true" />}
      <div class="map-hint">
        <p class={bad ? 'map-hint-bad' : look} role="status" data-testid="pen-hint">
          {bad ?? how()}
          {!bad && isDrawing && !isPhone.value && <span class="map-hint-keys">{t('pen.draw.keys')}</span>}
          {isDrawing && corners.value > 0 && (
            <span class="unseen" data-testid="pen-corners">
              {t('pen.corners', { count: corners.value })}
            </span>
          )}
        </p>
        <Button
          icon={Check}
          look="main"
          disabled={!isDrawing && flaw.value !== null}
          onClick={() => finish(() => pen.close())}
          testId="pen-done"
        >
          {t('pen.done')}
        </Button>
        {isDrawing ? (
          <Button icon={Undo2} disabled={corners.value === 0} onClick={() => pen.undo()} testId="pen-undo">
            {t('pen.undo')}
          </Button>
        ) : (
          <Button icon={PenTool} onClick={draw}>
            {t('was.redraw')}
          </Button>
        )}
        <Button icon={X} onClick={cancel} testId="pen-cancel">
          {t('pen.cancel')}
        </Button>
      </div>
    </>
  );
}
