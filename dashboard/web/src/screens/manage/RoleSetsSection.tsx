import { Empty } from '../../design/Feedback';
import { Page } from '../../design/Page';
import { t } from '../../i18n';

export function RoleSetsSection() {
  return (
    <Page title={t('section.role-sets')} note={t('section.role-sets.note')}>
      <Empty title={t('section.role-sets.none')}>{t('section.role-sets.how')}</Empty>
    </Page>
  );
}
