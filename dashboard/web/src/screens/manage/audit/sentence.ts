/** An entry of the audit trail as a sentence: from what happened (`noun.verb`) and to what. */
import type { AuditRow } from '../../../api/accounts';
import { has, type Key, t } from '../../../i18n';

const known = (key: string): Key | null => (has(key) ? key : null);

/** The nouns that can be filtered by, in the order in which people look for them. */
export const NOUNS = [
  'unit',
  'level',
  'member',
  'terminal',
  'role',
  'role_set',
  'team',
  'roster',
  'duty',
  'contact',
  'grid_set',
  'city',
  'account',
  'token',
  'alert',
  'cap',
  'emergency',
  'rule',
  'case',
  'text_case',
  'circular',
  'message',
  'message_template',
  'message_group',
  'message_limits',
  'sms_stop',
] as const;

/** What it was done to, as people call it. */
function subjectOf({ subject, detail }: AuditRow, noun: string): string {
  if (typeof detail.name === 'string' && detail.name !== '') return detail.name;
  const named = subject.startsWith(`${noun} `) ? subject.slice(noun.length + 1) : subject;
  return named.replace(/^\d+ (?=\S)/, ''); // its number is for the search; a name says more
}

/** Whole sentences for what is said in its own way; verb and noun put together for the rest; else the bare words. */
export function sentenceOf(row: AuditRow): string {
  const who = row.account?.name ?? t('audit.system');
  const [noun = '', verb = ''] = row.action.split('.');
  const what = subjectOf(row, noun);
  const whole = known(`audit.say.${row.action}`);
  if (whole) return t(whole, { who, what });
  const [nounKey, verbKey] = [known(`audit.noun.${noun}`), known(`audit.verb.${verb}`)];
  if (nounKey && verbKey) return t('audit.sentence', { who, verb: t(verbKey), noun: t(nounKey), what });
  return t('audit.bare', { who, action: row.action, what });
}

/** Moments of a day's ends in the reader's own time, for a filter of days; the last day counts whole. */
export function periodOf(from: string, to: string): { from?: string; to?: string } {
  const start = from ? new Date(`${from}T00:00:00`) : null;
  const end = to ? new Date(`${to}T00:00:00`) : null;
  end?.setDate(end.getDate() + 1);
  return {
    ...(start && { from: start.toISOString() }),
    ...(end && { to: end.toISOString() }),
  };
}
