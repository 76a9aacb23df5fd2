/** A step that cannot be taken back lightly: it says what will happen before it is done. */
import type { ComponentChildren } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { Button } from '../../../design/Button';
import { FormError } from '../../../design/FormError';
import { t } from '../../../i18n';

interface Props {
  title: string;
  does: string; // what the button says
  onDo: () => Promise<unknown>;
  onLeave: () => void;
  isReady?: boolean;
  children: ComponentChildren; // the consequence in words, perhaps a choice
}

export function Consequence({ title, does, onDo, onLeave, isReady = true, children }: Props) {
  const [isBusy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const box = useRef<HTMLElement>(null);
  useEffect(() => {
    const opener = document.activeElement as HTMLElement | null;
    box.current?.querySelector<HTMLElement>('input, .unit-picker-button, [data-leave]')?.focus();
    return () => {
      if (opener?.isConnected) opener.focus();
    };
  }, []);
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key !== 'Escape' || event.defaultPrevented) return;
    event.preventDefault();
    event.stopPropagation();
    onLeave();
  };
  const run = async () => {
    setBusy(true);
    setError(null);
    await onDo().catch(setError);
    setBusy(false);
  };
  return (
    <section ref={box} class="consequence" aria-label={title} data-testid="consequence" onKeyDown={onKeyDown}>
      <h3 class="notice-title">{title}</h3>
      {children}
      <FormError error={error} />
      <div class="line-wrap">
        <Button look="main" disabled={isBusy || !isReady} onClick={() => void run()} testId="consequence-do">
          {does}
        </Button>
        <Button onClick={onLeave} data-leave>
          {t('cancel')}
        </Button>
      </div>
    </section>
  );
}
