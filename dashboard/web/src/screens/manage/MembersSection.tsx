import { Empty } from '../../design/Feedback';
import { Page } from '../../design/Page';
import { t } from '../../i18n';

export function MembersSection() {
  return (
    <Page title={t('section.members')} note={t('section.members.note')}>
      <Empty title={t('section.members.none')}>{t('section.members.how')}</Empty>
    </Page>
  );
}
