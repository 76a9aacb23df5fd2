import { computed, signal } from '@preact/signals';
import { ShieldAlert, X } from 'lucide';
import { Button, SquareButton } from '../../design/Button';
import { Icon } from '../../design/Icon';
import { t } from '../../i18n';
import { openPanel } from '../../state/place';
import { me } from '../../state/session';

/** Asked for by the installation, and not set up yet. */
export const wantsSecondFactor = computed(() => {
  const state = me.value?.account.second_factor;
  return Boolean(state?.is_required && !state.is_on);
});
const isPutOff = signal(false); // until the next visit

export function SecondFactorNotice() {
  if (!wantsSecondFactor.value || isPutOff.value) return null;
  return (
    <div class="strip" role="status" data-testid="second-factor-notice">
      <Icon node={ShieldAlert} />
      <span class="grow">{t('totp.required')}</span>
      <Button onClick={() => openPanel('me')}>{t('totp.start')}</Button>
      <SquareButton
        icon={X}
        label={t('close')}
        onClick={() => {
          isPutOff.value = true;
        }}
      />
    </div>
  );
}
