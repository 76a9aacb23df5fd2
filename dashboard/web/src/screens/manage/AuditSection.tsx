import { Empty } from '../../design/Feedback';
import { Page } from '../../design/Page';
import { t } from '../../i18n';

export function AuditSection() {
  return (
    <Page title={t('section.audit')} note={t('section.audit.note')}>
      <Empty title={t('section.audit.none')}>{t('section.audit.how')}</Empty>
    </Page>
  );
}
