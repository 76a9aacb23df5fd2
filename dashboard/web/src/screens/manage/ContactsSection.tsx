import { Empty } from '../../design/Feedback';
import { Page } from '../../design/Page';
import { t } from '../../i18n';

export function ContactsSection() {
  return (
    <Page title={t('section.contacts')} note={t('section.contacts.note')}>
      <Empty title={t('section.contacts.none')}>{t('section.contacts.how')}</Empty>
    </Page>
  );
}
