import { X } from 'lucide';
import type { ComponentChildren } from 'preact';
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { t } from '../i18n';
import { Button, SquareButton } from './Button';

interface Props {
  title: ComponentChildren;
  label: string;
  onClose: () => void;
  onSubmit?: () => void; // Enter in a field, or a foot's button of type submit
  isDirty?: boolean; // closing would lose what was typed: say so first
  tools?: ComponentChildren;
  foot?: ComponentChildren;
  children: ComponentChildren;
}

const REACHABLE =
  'a[href], button:not(:disabled), input:not(:disabled), select:not(:disabled), textarea:not(:disabled), [tabindex="0"]';

/** Tab stays inside; the mouse and the alarm's key do not: an SOS can be taken with a form open. */
function keepInside(event: KeyboardEvent, box: HTMLElement): void {
  const stops = [...box.querySelectorAll<HTMLElement>(REACHABLE)].filter((node) => node.tabIndex >= 0);
  const [first, last] = [stops[0], stops.at(-1)];
  const edge = event.shiftKey ? first : last;
  if (document.activeElement !== edge && document.activeElement !== box) return;
  event.preventDefault();
  (event.shiftKey ? last : first)?.focus();
}

/** Takes the focus while it is open and gives it back to what opened it. */
function useFocus(box: { current: HTMLElement | null }): void {
  useLayoutEffect(() => {
    // Before the next key comes: typing goes on where it was meant to, however slow the machine.
    const opener = document.activeElement as HTMLElement | null;
    const body = box.current?.querySelector('.panel-body');
    (body?.querySelector<HTMLElement>(`input, select, textarea, ${REACHABLE}`) ?? box.current)?.focus();
    return () => {
      const back = opener?.isConnected ? opener : document.getElementById('manage-content');
      back?.focus();
    };
  }, []);
}

/** What had the focus may be gone (a step that was done): its keys are still meant for the drawer. */
function useKeysOfNobody(box: { current: HTMLElement | null }, onKey: (event: KeyboardEvent) => void): void {
  const newest = useRef(onKey);
  newest.current = onKey;
  useEffect(() => {
    const listen = (event: KeyboardEvent) => {
      if (document.activeElement !== document.body) return;
      if (event.key === 'Tab') box.current?.focus();
      else newest.current(event);
    };
    document.addEventListener('keydown', listen, true); // before the keys of the whole screen
    return () => document.removeEventListener('keydown', listen, true);
  }, []);
}

/** A form at the right of a Manage section. Escape closes it. */
export function Drawer({ title, label, onClose, onSubmit, isDirty, tools, foot, children }: Props) {
  const box = useRef<HTMLElement>(null);
  const [isAsking, setAsking] = useState(false);
  useFocus(box);
  const before = useRef<HTMLElement | null>(null); // where somebody was typing
  const close = () => {
    if (!isDirty) return onClose();
    before.current = document.activeElement as HTMLElement | null;
    setAsking(true);
  };
  const keep = () => {
    setAsking(false);
    (before.current ?? box.current)?.focus();
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === 'Tab' && box.current) keepInside(event, box.current);
    if (event.key !== 'Escape' || event.defaultPrevented) return;
    event.preventDefault();
    event.stopPropagation();
    if (isAsking) keep();
    else close();
  };
  useKeysOfNobody(box, onKeyDown);
  return (
    <section ref={box} class="drawer" role="dialog" aria-label={label} tabIndex={-1} onKeyDown={onKeyDown}>
      <form
        class="panel"
        onSubmit={(event) => {
          event.preventDefault();
          onSubmit?.();
        }}
      >
        <header class="panel-head">
          <h2 class="panel-title grow clip">{title}</h2>
          {tools}
          <SquareButton icon={X} label={t('close')} onClick={close} />
        </header>
        <div class="panel-body">{children}</div>
        {isAsking ? (
          <Unsaved onKeep={keep} onDrop={onClose} />
        ) : (
          foot && <footer class="panel-foot">{foot}</footer>
        )}
      </form>
    </section>
  );
}

function Unsaved({ onKeep, onDrop }: { onKeep: () => void; onDrop: () => void }) {
  const box = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => box.current?.querySelector('button')?.focus(), []);
  return (
    <div ref={box} class="panel-foot" role="alert">
      <p class="drawer-ask">{t('drawer.unsaved')}</p>
      <Button look="main" onClick={onKeep}>
        {t('drawer.keep')}
      </Button>
      <Button onClick={onDrop}>{t('drawer.drop')}</Button>
    </div>
  );
}
