import { useState } from 'preact/hooks';
import { changePassword } from '../../api/accounts';
import { Button } from '../../design/Button';
import { TextField } from '../../design/Field';
import { FormError } from '../../design/FormError';
import { t } from '../../i18n';
import { errorOf, useSending } from '../../state/form';

/** The old password once and the new one twice. */
export function PasswordForm({ onDone, onCancel }: { onDone: () => void; onCancel?: () => void }) {
  const [before, setBefore] = useState('');
  const [after, setAfter] = useState('');
  const [again, setAgain] = useState('');
  const { isBusy, error, send } = useSending();
  const differs = again !== '' && again !== after;
  const submit = async (event: Event) => {
    event.preventDefault();
    if (differs) return;
    if (await send(() => changePassword(before, after))) onDone();
  };
  return (
    <form class="stack" onSubmit={submit}>
      <TextField
        name="password-old"
        type="password"
        label={t('password.old')}
        value={before}
        onValue={setBefore}
        autocomplete="current-password"
        required
        autofocus
        error={errorOf(error, 'old')}
      />
      <TextField
        name="password-new"
        type="password"
        label={t('password.new')}
        value={after}
        onValue={setAfter}
        autocomplete="new-password"
        required
        hint={t('password.hint')}
        error={errorOf(error, 'new')}
      />
      <TextField
        name="password-again"
        type="password"
        label={t('password.again')}
        value={again}
        onValue={setAgain}
        autocomplete="new-password"
        required
        error={differs ? t('password.differs') : null}
      />
      <FormError error={error} />
      <div class="line-wrap">
        <Button look="main" type="submit" disabled={isBusy} testId="password-save">
          {t(isBusy ? 'save.busy' : 'password.change')}
        </Button>
        {onCancel && <Button onClick={onCancel}>{t('cancel')}</Button>}
      </div>
    </form>
  );
}
