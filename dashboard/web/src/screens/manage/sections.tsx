/** The sections of Manage: what each is called, where it stands, and which right it needs. */
import {
  Archive,
  BellRing,
  BookUser,
  CalendarClock,
  ChartColumn,
  FileText,
  FileUp,
  Grid3x3,
  type IconNode,
  Inbox,
  KeyRound,
  ListChecks,
  ListTree,
  MailCheck,
  Network,
  ScrollText,
  Send,
  SlidersHorizontal,
  Smartphone,
  Trash2,
  Users,
  UsersRound,
} from 'lucide';
import type { ComponentType } from 'preact';
import type { Right } from '../../api/types';
import { later } from '../../design/later';
import type { Key } from '../../i18n';
import { openSection, place, type SectionName } from '../../state/place';
import { can } from '../../state/session';
import { AccountsSection } from './AccountsSection';
import { AuditSection } from './AuditSection';
import { ContactsSection } from './ContactsSection';
import { ImportSection } from './ImportSection';
import { MembersSection } from './MembersSection';
import { OrganisationSection } from './OrganisationSection';
import { RoleSetsSection } from './RoleSetsSection';
import { RostersSection } from './RostersSection';
import { RulesSection } from './RulesSection';
import { TeamsSection } from './TeamsSection';
import { TerminalsSection } from './TerminalsSection';

/** With its drawing tools a tenth of all the code. */
/** The SMS platform is its own piece of code: who never sends does not load it. */
const message = (name: keyof typeof import('./messages/sections')) =>
  later(async () => (await import('./messages/sections'))[name]);

const GridsSection = later(async () => (await import('./GridsSection')).GridsSection);

export const GROUPS = ['organisation', 'messages', 'city', 'system'] as const;
export type Group = (typeof GROUPS)[number];

export interface Section {
  name: SectionName;
  label: Key;
  icon: IconNode;
  group: Group;
  right: Right; // without it the section is not offered
  show: ComponentType; // has the whole box: a Page pads itself, a map fills it
}

export const ALL_SECTIONS: readonly Section[] = [
  {
    name: 'organisation',
    label: 'section.organisation',
    icon: Network,
    group: 'organisation',
    right: 'viewer',
    show: OrganisationSection,
  },
  {
    name: 'members',
    label: 'section.members',
    icon: Users,
    group: 'organisation',
    right: 'viewer',
    show: MembersSection,
  },
  {
    name: 'terminals',
    label: 'section.terminals',
    icon: Smartphone,
    group: 'organisation',
    right: 'administrator',
    show: TerminalsSection,
  },
  {
    name: 'teams',
    label: 'section.teams',
    icon: UsersRound,
    group: 'organisation',
    right: 'viewer',
    show: TeamsSection,
  },
  {
    name: 'rosters',
    label: 'section.rosters',
    icon: CalendarClock,
    group: 'organisation',
    right: 'viewer',
    show: RostersSection,
  },
  {
    name: 'contacts',
    label: 'section.contacts',
    icon: BookUser,
    group: 'organisation',
    right: 'viewer',
    show: ContactsSection,
  },
  ...(
    [
      ['sms-send', Send, 'issuer', 'SendSection'],
      ['sms-received', Inbox, 'viewer', 'ReceivedSection'],
      ['sms-sent', MailCheck, 'viewer', 'SentSection'],
      ['sms-archived', Archive, 'viewer', 'ArchivedSection'],
      ['sms-deleted', Trash2, 'viewer', 'DeletedSection'],
      ['sms-templates', FileText, 'viewer', 'TemplatesSection'],
      ['sms-groups', UsersRound, 'viewer', 'GroupsSection'],
      ['sms-statistics', ChartColumn, 'viewer', 'StatisticsSection'],
      ['sms-log', ListTree, 'viewer', 'LogSection'],
      ['sms-limits', SlidersHorizontal, 'issuer', 'LimitsSection'],
    ] as const
  ).map(
    ([name, icon, right, show]): Section => ({
      name,
      label: `section.${name}`,
      icon,
      group: 'messages',
      right,
      show: message(show),
    }),
  ),
  {
    name: 'grids',
    label: 'section.grids',
    icon: Grid3x3,
    group: 'city',
    right: 'administrator',
    show: GridsSection,
  },
  {
    name: 'role-sets',
    label: 'section.role-sets',
    icon: ListChecks,
    group: 'city',
    right: 'administrator',
    show: RoleSetsSection,
  },
  {
    name: 'import',
    label: 'section.import',
    icon: FileUp,
    group: 'city',
    right: 'administrator',
    show: ImportSection,
  },
  {
    name: 'rules',
    label: 'section.rules',
    icon: BellRing,
    group: 'city',
    right: 'administrator',
    show: RulesSection,
  },
  {
    name: 'accounts',
    label: 'section.accounts',
    icon: KeyRound,
    group: 'system',
    right: 'administrator',
    show: AccountsSection,
  },
  {
    name: 'audit',
    label: 'section.audit',
    icon: ScrollText,
    group: 'system',
    right: 'administrator',
    show: AuditSection,
  },
];

export const offered = (): readonly Section[] => ALL_SECTIONS.filter(({ right }) => can(right));

let last: SectionName | null = null;

/** From the map to the section that was open last, and back. */
export function toggleManage(): void {
  if (place.value.manage !== null) {
    leaveManage();
    return;
  }
  const sections = offered();
  const home = sections.find(({ name }) => name === last) ?? sections[0];
  if (home) openSection(home.name);
}

export function leaveManage(): void {
  last = place.value.manage;
  openSection(null);
}
