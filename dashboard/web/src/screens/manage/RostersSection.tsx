import { Empty } from '../../design/Feedback';
import { Page } from '../../design/Page';
import { t } from '../../i18n';

export function RostersSection() {
  return (
    <Page title={t('section.rosters')} note={t('section.rosters.note')}>
      <Empty title={t('section.rosters.none')}>{t('section.rosters.how')}</Empty>
    </Page>
  );
}
