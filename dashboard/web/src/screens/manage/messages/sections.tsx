/** The sections of the SMS platform, loaded together when one of them is opened. */
export { GroupsSection } from './GroupsSection';
export { LimitsSection } from './LimitsSection';
export { LogSection } from './LogSection';
export { ArchivedSection, DeletedSection, SentSection } from './MessagesSection';
export { ReceivedSection } from './ReceivedSection';
export { SendSection } from './SendSection';
export { StatisticsSection } from './StatisticsSection';
export { TemplatesSection } from './TemplatesSection';
