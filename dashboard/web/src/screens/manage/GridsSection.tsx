import { Empty } from '../../design/Feedback';
import { Page } from '../../design/Page';
import { t } from '../../i18n';

export function GridsSection() {
  return (
    <Page title={t('section.grids')} note={t('section.grids.note')}>
      <Empty title={t('section.grids.none')}>{t('section.grids.how')}</Empty>
    </Page>
  );
}
