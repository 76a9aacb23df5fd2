/** What was: who was here, and a member's hours. */
import type { Text } from '../format';

export const history = {
  was: '谁来过',
  'was.from': '从',
  'was.to': '到',
  'was.ask': '查询',
  'was.order': '结束时间须晚于开始时间',
  'was.how': '列出这段时间内在本组织范围内定位过的人员。查询会记入审计。',
  'was.nobody': '这段时间没有人来过',
  'was.nobody.how': '请选择更长的时间或上级组织。',
  'was.total': '共 {count} 人，按到达先后排列。',
  'was.more': '显示前 {shown} 人，请缩短时间。',
  'was.between': '{first} – {last}',
  'was.fixes': '{count} 个定位点',
  'track.past': '轨迹：{from} – {to}',
  'track.past.none': '这段时间没有定位。',
  'track.past.back': '显示最近一小时',
  hours: '今日时段',
  'hours.in': '{span}，{count} 个网格',
  'hours.none': '今天还没有定位。',
  'hours.elsewhere': '辖区以外',
  'hours.retry': '重新加载时段',
} satisfies Record<string, Text>;
