/** The SMS platform on a phone: one of its sections, whole, and a list to go to the others. */
import { X } from 'lucide';
import { SquareButton } from '../design/Button';
import { Select } from '../design/Field';
import { t } from '../i18n';
import { openSection, type SectionName } from '../state/place';
import { leaveManage, offered } from './manage/sections';

export const isOfMessages = (name: SectionName): boolean => name.startsWith('sms-');

export function PhoneMessages({ name }: { name: SectionName }) {
  const sections = offered().filter(({ group }) => group === 'messages');
  const Show = sections.find((section) => section.name === name)?.show;
  return (
    <section class="phone-manage" aria-label={t('me.messages')}>
      <header class="phone-manage-head">
        <Select
          bare
          name="phone-section"
          label={t('me.messages')}
          value={name}
          onValue={(value) => openSection(value as SectionName)}
          options={sections.map((section) => [section.name, t(section.label)])}
        />
        <SquareButton icon={X} label={t('close')} onClick={leaveManage} />
      </header>
      <div class="manage-content" id="manage-content" tabIndex={-1}>
        {Show && <Show key={name} />}
      </div>
    </section>
  );
}
