/** What was: who was here, and a member's hours. */
import type { Text } from '../format';
import type { history as zh } from './history.zh';

export const history: Readonly<Record<keyof typeof zh, Text>> = {
  was: 'Who was here',
  'was.from': 'From',
  'was.to': 'To',
  'was.ask': 'Look up',
  'was.order': 'The end must be later than the beginning',
  'was.how': 'Lists the people located within this unit in that time. Each look enters the audit trail.',
  'was.nobody': 'Nobody was here in that time',
  'was.nobody.how': 'Choose a longer time, or the unit above.',
  'was.total': { one: '{count} person.', other: '{count} people, in order of arrival.' },
  'was.more': 'The first {shown} are shown: choose a shorter time.',
  'was.between': '{first} – {last}',
  'was.fixes': { one: '{count} fix', other: '{count} fixes' },
  'track.past': 'Track from {from} to {to}',
  'track.past.none': 'No fixes in that time.',
  'track.past.back': 'Show the last hour',
  hours: 'Today by the hour',
  'hours.in': { one: '{span} in {count} grid', other: '{span} in {count} grids' },
  'hours.none': 'No fixes yet today.',
  'hours.elsewhere': 'Outside our area',
  'hours.retry': 'Load the hours again',
};
