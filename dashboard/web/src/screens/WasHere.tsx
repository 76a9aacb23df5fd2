/** Who was in the chosen unit, or in a drawn area, between two times; whoever is chosen shows with the track of that span. */
import { PenTool, Search } from 'lucide';
import { useEffect, useRef, useState } from 'preact/hooks';
import { getVisitors, type Visitor, type Visitors, type Where } from '../api/history';
import type { Unit } from '../api/types';
import { Button } from '../design/Button';
import { Empty, explain, Skeleton } from '../design/Feedback';
import { TextField } from '../design/Field';
import { List } from '../design/List';
import { named, t, time } from '../i18n';
import { nowMs, serverNow } from '../state/clock';
import { isPhone } from '../state/frame';
import { cancel, draw, finish, flaw, hand, isAsking, outline } from '../state/outline';
import { openMember } from '../state/place';
import { roleName } from '../state/session';
import { HOUR_MS, localText, type Span, spanBetween } from '../state/spans';
import { past } from '../state/track';
import { adviceFor, isSamePlace, whereOf } from '../state/visits';
import { AreaChoice } from './AreaChoice';

const MOST_SHOWN = 500;
const ROW_PX = 48;

interface Question {
  where: Where;
  span: Span;
}

/** A question, and what came of it; nothing yet: it is being looked up. */
interface Asked extends Question {
  found?: Visitors;
  error?: unknown;
}

/** The last question about this place; another place is another question. */
function useQuestion(where: Where) {
  const [last, setLast] = useState<Asked | null>(null);
  const asked = last && isSamePlace(last.where, where) ? last : null;
  const ask = async (span: Span) => {
    const mine: Asked = { where, span };
    const settle = (more: Partial<Asked>) => setLast((now) => (now === mine ? { ...mine, ...more } : now));
    setLast(mine);
    try {
      settle({ found: await getVisitors(where, span.from, span.to, MOST_SHOWN) });
    } catch (error) {
      settle({ error });
    }
  };
  return { asked, ask };
}

function useOutlineWhileOpen(): void {
  useEffect(() => {
    isAsking.value = true;
    return () => {
      cancel();
      isAsking.value = false;
    };
  }, []);
}

/** On a phone the form fills the screen: what came of it is scrolled to. */
function useAnswerInView(asked: Asked | null) {
  const form = useRef<HTMLFormElement>(null);
  const isSettled = asked !== null && (asked.found !== undefined || asked.error !== undefined);
  useEffect(() => {
    if (isSettled && isPhone.value) form.current?.nextElementSibling?.scrollIntoView();
  }, [asked, isSettled]);
  return form;
}

export function WasHere({ unit }: { unit: Unit }) {
  const [from, setFrom] = useState(() => localText(serverNow() - HOUR_MS));
  const [to, setTo] = useState(() => localText(serverNow()));
  const { asked, ask } = useQuestion(whereOf(unit.id, outline.value));
  const form = useAnswerInView(asked);
  useOutlineWhileOpen();
  const span = spanBetween(from, to);
  const isWaiting = asked !== null && !asked.found && asked.error === undefined;
  return (
    <>
      <form
        class="ask"
        ref={form}
        onSubmit={(event) => {
          event.preventDefault();
          finish(() => false); // dragging corners, if somebody still is
          if (span) void ask(span);
        }}
      >
        <AreaChoice
          name="was"
          label={t('was.where')}
          without={named(unit)}
          back={t('was.clear', { name: named(unit) })}
          next="was-ask"
        />
        <TextField
          name="was-from"
          label={t('was.from')}
          type="datetime-local"
          value={from}
          max={to}
          onValue={setFrom}
          required
        />
        <TextField
          name="was-to"
          label={t('was.to')}
          type="datetime-local"
          value={to}
          min={from}
          onValue={setTo}
          error={from && to && !span ? t('was.order') : null}
          required
        />
        <Button
          id="was-ask"
          look="main"
          icon={Search}
          type="submit"
          disabled={!span || isWaiting || hand.value === 'draw' || flaw.value !== null}
          testId="was-ask"
        >
          {t('was.ask')}
        </Button>
      </form>
      {hand.value !== 'draw' && <Answer asked={asked} />}
    </>
  );
}

function Answer({ asked }: { asked: Asked | null }) {
  if (asked === null) {
    return <p class="ask-note second">{t(outline.value ? 'was.how.area' : 'was.how')}</p>;
  }
  if (asked.found) return <Found where={asked.where} span={asked.span} found={asked.found} />;
  if (asked.error === undefined) return <Skeleton label={t('was')} />;
  return <Refused error={asked.error} where={asked.where} />;
}

function Refused({ error, where }: { error: unknown; where: Where }) {
  const advice = adviceFor(error, where);
  const isTooMuch = advice === 'was.much.area' || advice === 'was.much.unit';
  return (
    <div class="notice" role="alert" data-testid="was-refused">
      <p class="notice-title">{isTooMuch ? t('was.much') : t('error.what', { what: t('was') })}</p>
      <p>{advice ? t(advice) : explain(error)}</p>
      {advice && (
        <Button icon={PenTool} onClick={draw}>
          {t('area' in where ? 'was.redraw' : 'was.draw')}
        </Button>
      )}
    </div>
  );
}

function Found({ where, span, found }: Question & { found: Visitors }) {
  if (found.total === 0) {
    return (
      <Empty title={t('was.nobody')}>
        <p>{t('area' in where ? 'was.nobody.how.area' : 'was.nobody.how')}</p>
      </Empty>
    );
  }
  return (
    <>
      <p class="ask-note second" role="status" data-testid="was-total">
        {t('was.total', { count: found.total })}
        {found.total > found.people.length && ` ${t('was.more', { shown: found.people.length })}`}
      </p>
      <List label={t('was')} items={found.people} rowPx={ROW_PX} keyOf={({ id }) => id}>
        {(person) => <VisitorRow person={person} span={span} />}
      </List>
    </>
  );
}

function VisitorRow({ person, span }: { person: Visitor; span: Span }) {
  const show = () => {
    past.value = { member: person.id, span };
    openMember(person.id);
  };
  return (
    <button type="button" class="row" onClick={show} data-testid="visitor-row">
      <span class="row-text">
        <span class="row-title clip">{person.name}</span>
        <span class="row-more clip">{[roleName(person.role), named(person.unit)].join(' · ')}</span>
      </span>
      <span class="row-end">
        <span class="num">
          {t('was.between', {
            first: time(person.first_at, nowMs.value),
            last: time(person.last_at, nowMs.value),
          })}
        </span>
        <br />
        <span class="second">{t('was.fixes', { count: person.fixes })}</span>
      </span>
    </button>
  );
}
