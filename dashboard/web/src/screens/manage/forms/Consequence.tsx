/** A step that cannot be taken back lightly: it says what will happen before it is done. */
import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';
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
  const run = async () => {
    setBusy(true);
    setError(null);
    await onDo().catch(setError);
    setBusy(false);
  };
  return (
    <section class="consequence" aria-label={title} data-testid="consequence">
      <h3 class="notice-title">{title}</h3>
      {children}
      <FormError error={error} />
      <div class="line-wrap">
        <Button look="main" disabled={isBusy || !isReady} onClick={() => void run()} testId="consequence-do">
          {does}
        </Button>
        <Button onClick={onLeave} autofocus>
          {t('cancel')}
        </Button>
      </div>
    </section>
  );
}
