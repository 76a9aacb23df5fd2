import { Empty } from '../../design/Feedback';
import { Page } from '../../design/Page';
import { t } from '../../i18n';

export function AccountsSection() {
  return (
    <Page title={t('section.accounts')} note={t('section.accounts.note')}>
      <Empty title={t('section.accounts.none')}>{t('section.accounts.how')}</Empty>
    </Page>
  );
}
