/** Who was in the chosen unit between two times; whoever is chosen shows with the track of that span. */
import { Search } from 'lucide';
import { useState } from 'preact/hooks';
import { getVisitors, type Visitor, type Visitors } from '../api/history';
import { Button } from '../design/Button';
import { Empty, explain, Skeleton } from '../design/Feedback';
import { TextField } from '../design/Field';
import { List } from '../design/List';
import { named, t, time } from '../i18n';
import { nowMs, serverNow } from '../state/clock';
import { openMember } from '../state/place';
import { roleName } from '../state/session';
import { HOUR_MS, localText, type Span, spanBetween } from '../state/spans';
import { past } from '../state/track';

const MOST_SHOWN = 500;
const ROW_PX = 48;

type Answer = { span: Span; found: Visitors } | { error: unknown } | 'asking' | null;

export function WasHere({ unit }: { unit: number }) {
  const [from, setFrom] = useState(() => localText(serverNow() - HOUR_MS));
  const [to, setTo] = useState(() => localText(serverNow()));
  const [answer, setAnswer] = useState<Answer>(null);
  const span = spanBetween(from, to);

  const ask = async () => {
    if (!span) return;
    setAnswer('asking');
    try {
      setAnswer({ span, found: await getVisitors(unit, span.from, span.to, MOST_SHOWN) });
    } catch (error) {
      setAnswer({ error });
    }
  };

  return (
    <>
      <form
        class="ask"
        onSubmit={(event) => {
          event.preventDefault();
          void ask();
        }}
      >
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
          look="main"
          icon={Search}
          type="submit"
          disabled={!span || answer === 'asking'}
          testId="was-ask"
        >
          {t('was.ask')}
        </Button>
      </form>
      <Found answer={answer} />
    </>
  );
}

function Found({ answer }: { answer: Answer }) {
  if (answer === null) return <p class="ask-note second">{t('was.how')}</p>;
  if (answer === 'asking') return <Skeleton label={t('was')} />;
  if ('error' in answer) {
    return (
      <div class="notice" role="alert">
        <p class="notice-title">{t('error.what', { what: t('was') })}</p>
        <p>{explain(answer.error)}</p>
      </div>
    );
  }
  const { found, span } = answer;
  if (found.total === 0) {
    return (
      <Empty title={t('was.nobody')}>
        <p>{t('was.nobody.how')}</p>
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
