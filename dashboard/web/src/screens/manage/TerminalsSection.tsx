import { Empty } from '../../design/Feedback';
import { Page } from '../../design/Page';
import { t } from '../../i18n';

export function TerminalsSection() {
  return (
    <Page title={t('section.terminals')} note={t('section.terminals.note')}>
      <Empty title={t('section.terminals.none')}>{t('section.terminals.how')}</Empty>
    </Page>
  );
}
