import { Empty } from '../../design/Feedback';
import { Page } from '../../design/Page';
import { t } from '../../i18n';

export function ImportSection() {
  return (
    <Page title={t('section.import')} note={t('section.import.note')}>
      <Empty title={t('section.import.none')}>{t('section.import.how')}</Empty>
    </Page>
  );
}
