/** Cases of automatic rules: what, where, how many, who has it; taken and closed here. */
import { Check, CheckCheck, ChevronDown, MapPin, TriangleAlert, Users } from 'lucide';
import { useState } from 'preact/hooks';
import { type CaseSubject, getCase, type RuleCase } from '../api/rules';
import { Badge } from '../design/Badge';
import { Button } from '../design/Button';
import { Failure, Skeleton } from '../design/Feedback';
import { LevelMark } from '../design/LevelMark';
import { ago, named, t, time } from '../i18n';
import { useFetched } from '../state/async';
import { close, take } from '../state/cases';
import { nowMs } from '../state/clock';
import { go, openAlert, openMember } from '../state/place';
import { can } from '../state/session';
import { whatOf } from './manage/rules/sentence';

export function RuleCaseRow({ found }: { found: RuleCase }) {
  const [isOpen, setOpen] = useState(false);
  const { member, taken_at, ended_at, alert } = found;
  const isAboutPeople = ['sos', 'silent', 'outside'].includes(found.kind);
  const counted = t(isAboutPeople ? 'cases.people' : 'cases.units', { count: found.count });
  return (
    <li class="entry" data-testid="rule-case">
      <span class="line">
        <LevelMark level={found.level} size={18} />
        <strong class="grow clip">
          {member ? `${member.name} · ${named(found.unit)}` : named(found.unit)}
        </strong>
        <CaseState found={found} />
      </span>
      <span>
        {found.rule.name} · {whatOf(found)}
        {!member && ` · ${counted}`}
      </span>
      <span class="second num">
        {t('cases.since', {
          at: time(found.opened_at, nowMs.value),
          ago: ago(found.opened_at, nowMs.value),
        })}
      </span>
      <Trouble found={found} />
      {(taken_at || ended_at) && <span class="row-more">{storyOf(found)}</span>}
      <span class="line-wrap">
        {!ended_at && can('dispatcher') && <Moves found={found} />}
        {alert && (
          <Button icon={TriangleAlert} onClick={() => openAlert(alert.id)} testId="case-alert">
            {t('cases.alert', { state: t(`alert.state.${alert.state}`) })}
          </Button>
        )}
        <Button
          icon={MapPin}
          look="plain"
          onClick={() => (member ? openMember(member.id) : go({ unit: found.unit.id }))}
        >
          {t('cases.place')}
        </Button>
        {!member && (
          <Button
            icon={isOpen ? ChevronDown : Users}
            look="plain"
            aria-expanded={isOpen}
            onClick={() => setOpen(!isOpen)}
            testId="case-subjects"
          >
            {t(isOpen ? 'cases.fold' : isAboutPeople ? 'cases.who' : 'cases.which')}
          </Button>
        )}
      </span>
      {isOpen && <Subjects id={found.id} count={found.count} />}
    </li>
  );
}

function CaseState({ found: { ended_at, ended_by, taken_at } }: { found: RuleCase }) {
  if (ended_at) return <Badge>{t(ended_by ? 'cases.closed' : 'cases.over')}</Badge>;
  if (taken_at) return <Badge tone="good">{t('cases.taken')}</Badge>;
  return <Badge tone="bad">{t('cases.open')}</Badge>;
}

function storyOf({ ended_at, ended_by, taken_at, taken_by }: RuleCase): string {
  const now = nowMs.value;
  if (ended_at && ended_by) return t('cases.closedby', { who: ended_by.name, ago: ago(ended_at, now) });
  if (ended_at) return t('cases.overat', { ago: ago(ended_at, now) });
  return t('cases.takenby', { who: taken_by?.name ?? '–', ago: ago(taken_at ?? now, now) });
}

function Trouble({ found: { trouble } }: { found: RuleCase }) {
  if (trouble === '') return null;
  const why = trouble.replace(/^refused: /, '');
  return <p class="message">{trouble === 'no_right' ? t('cases.noright') : t('cases.refused', { why })}</p>;
}

function Moves({ found }: { found: RuleCase }) {
  if (found.taken_at)
    return (
      <Button icon={CheckCheck} onClick={() => void close(found.id)} testId="close-rule-case">
        {t('cases.close')}
      </Button>
    );
  return (
    <Button icon={Check} look="main" onClick={() => void take(found.id)} testId="take-rule-case">
      {t('cases.take')}
    </Button>
  );
}

function Subjects({ id, count }: { id: number; count: number }) {
  const { value, error, reload } = useFetched(`case ${id} ${count}`, () => getCase(id));
  if (error) return <Failure what={t('cases.who')} error={error} onRetry={reload} />;
  if (!value) return <Skeleton label={t('cases.who')} />;
  return (
    <ul class="case-subjects">
      {value.subjects.map((subject) => (
        <li key={`${subject.unit.id} ${subject.member?.id ?? ''}`}>
          <Subject subject={subject} />
        </li>
      ))}
    </ul>
  );
}

function Subject({ subject: { member, unit } }: { subject: CaseSubject }) {
  if (!member)
    return (
      <button type="button" class="link" onClick={() => go({ unit: unit.id })}>
        {named(unit)}
      </button>
    );
  return (
    <button type="button" class="link" title={named(unit)} onClick={() => openMember(member.id)}>
      {member.name}
    </button>
  );
}
