import { LogOut } from 'lucide';
import { Button } from '../../design/Button';
import { t } from '../../i18n';
import { leave, me, resume } from '../../state/session';
import { LoginFrame, LookTools } from '../Login';
import { PasswordForm } from './PasswordForm';

/** A password that somebody else knows is changed before anything else. */
export function FirstPassword() {
  return (
    <LoginFrame>
      <div class="login-form">
        <h2>{t('password.first')}</h2>
        <p class="second">{t('password.first.how', { name: me.value?.account.name ?? '' })}</p>
        <PasswordForm onDone={() => void resume()} />
        <Button look="plain" icon={LogOut} onClick={() => void leave()}>
          {t('logout')}
        </Button>
        <LookTools />
      </div>
    </LoginFrame>
  );
}
