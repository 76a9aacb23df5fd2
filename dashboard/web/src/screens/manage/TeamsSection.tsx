import { Empty } from '../../design/Feedback';
import { Page } from '../../design/Page';
import { t } from '../../i18n';

export function TeamsSection() {
  return (
    <Page title={t('section.teams')} note={t('section.teams.note')}>
      <Empty title={t('section.teams.none')}>{t('section.teams.how')}</Empty>
    </Page>
  );
}
