/** Cases of automatic rules: what, where, how many, who has it; taken and closed here. */
import { ChevronDown, MapPin, TriangleAlert, Users } from 'lucide';
import { useState } from 'preact/hooks';
import { type CaseSubject, getCase, type RuleCase } from '../api/rules';
import { Button } from '../design/Button';
import { Failure, Skeleton } from '../design/Feedback';
import { LevelMark } from '../design/LevelMark';
import { ago, named, t, time } from '../i18n';
import { useFetched } from '../state/async';
import { ruleCases } from '../state/cases';
import { nowMs } from '../state/clock';
import { go, openAlert, openMember } from '../state/place';
import { CaseMoves, CaseState, storyOf } from './case-parts';
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
        <CaseMoves found={found} of={ruleCases} testId="rule-case" />
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

function Trouble({ found: { trouble } }: { found: RuleCase }) {
  if (trouble === '') return null;
  const why = trouble.replace(/^refused: /, '');
  return <p class="message">{trouble === 'no_right' ? t('cases.noright') : t('cases.refused', { why })}</p>;
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
