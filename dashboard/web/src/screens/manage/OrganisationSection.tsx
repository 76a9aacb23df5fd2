import { Empty } from '../../design/Feedback';
import { Page } from '../../design/Page';
import { t } from '../../i18n';

export function OrganisationSection() {
  return (
    <Page title={t('section.organisation')} note={t('section.organisation.note')}>
      <Empty title={t('section.organisation.none')}>{t('section.organisation.how')}</Empty>
    </Page>
  );
}
