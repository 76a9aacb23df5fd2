import { Dialog } from '../design/Dialog';
import { LevelMark } from '../design/LevelMark';
import { LEVEL_ORDER } from '../design/levels';
import { Section } from '../design/Panel';
import { t } from '../i18n';
import { isHelpOpen, KEYS } from './keys';
import { LegendItems } from './Legend';

export function Help() {
  if (!isHelpOpen.value) return null;
  const close = () => {
    isHelpOpen.value = false;
  };
  return (
    <Dialog title={t('help')} onClose={close}>
      <Section title={t('keys')}>
        <div class="keys">
          {KEYS.map(({ shown, name }) => (
            <>
              <span>
                <kbd>{shown}</kbd>
              </span>
              <span>{t(name)}</span>
            </>
          ))}
          <span>
            <kbd>↑</kbd> <kbd>↓</kbd> <kbd>←</kbd> <kbd>→</kbd>
          </span>
          <span>{t('keys.arrows')}</span>
        </div>
      </Section>
      <Section title={t('legend')}>
        <div class="line-wrap second">
          <LegendItems />
        </div>
      </Section>
      <Section title={t('levels')}>
        <div class="line-wrap">
          {LEVEL_ORDER.map((level) => (
            <LevelMark key={level} level={level} named />
          ))}
        </div>
      </Section>
    </Dialog>
  );
}
