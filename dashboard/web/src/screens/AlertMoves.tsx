/** What can be done with an alert now. Each button names its consequence; what tells people asks once more, with the number. */
import { useState } from 'preact/hooks';
import { type Move, moveAlert, previewAlert } from '../api/client';
import { ApiError } from '../api/errors';
import type { AlertContent, AlertDetail, LevelColour } from '../api/types';
import { Button } from '../design/Button';
import { Dialog } from '../design/Dialog';
import { explain } from '../design/Feedback';
import { TextField } from '../design/Field';
import { say } from '../design/Toast';
import { number, t } from '../i18n';
import { loadAlerts } from '../state/alerts';
import { type Fetched, useFetched } from '../state/async';
import { me } from '../state/session';
import { LevelChoice } from './LevelChoice';

type Ask = 'issue' | 'override' | 'submit' | 'approve' | 'lift' | 'cancel' | 'level';

/** [word among the server's legal moves, what we offer for it]; lift comes first: it is what one looks for in an alert in force. */
const OFFERS: readonly (readonly [word: string, ask: Ask])[] = [
  ['lift', 'lift'],
  ['approve', 'approve'],
  ['submit', 'submit'],
  ['issue', 'issue'],
  ['level', 'level'],
  ['cancel', 'cancel'],
];
const NEEDS_NOTE: readonly Ask[] = ['lift', 'cancel', 'override', 'level'];
const MOVES: Readonly<Record<Ask, Move>> = {
  issue: 'issue',
  override: 'issue',
  submit: 'submit',
  approve: 'approve',
  lift: 'lift',
  cancel: 'cancel',
  level: 'level',
};

const isHigh = (level: LevelColour) => level === 'orange' || level === 'red';

function offersOf(alert: AlertDetail): Ask[] {
  const isMine = alert.created_by?.id === me.value?.account.id; // a second person approves
  const offers = OFFERS.filter(([word]) => alert.moves.includes(word))
    .map(([, ask]) => ask)
    .filter((ask) => !(isMine && ask === 'approve'));
  if (!isHigh(alert.level)) return offers.filter((ask) => ask !== 'submit' && ask !== 'approve');
  return offers.map((ask) => (ask === 'issue' ? 'override' : ask));
}

export function AlertMoves({ alert, onDone }: { alert: AlertDetail; onDone: () => void }) {
  const [ask, setAsk] = useState<Ask | null>(null);
  return (
    <>
      {offersOf(alert).map((offer, at) => (
        <Button
          key={offer}
          look={at === 0 && offer !== 'override' ? 'main' : 'normal'}
          onClick={() => setAsk(offer)}
          testId={offer}
        >
          {t(`move.${offer}`)}
        </Button>
      ))}
      {ask && (
        <Confirm
          alert={alert}
          ask={ask}
          onClose={() => setAsk(null)}
          onDone={() => {
            setAsk(null);
            onDone();
          }}
        />
      )}
    </>
  );
}

interface ConfirmProps {
  alert: AlertDetail;
  ask: Ask;
  onClose: () => void;
  onDone: () => void;
}

function Confirm({ alert, ask, onClose, onDone }: ConfirmProps) {
  const [note, setNote] = useState('');
  const [level, setLevel] = useState<LevelColour>(alert.level);
  const [error, setError] = useState<string | null>(null);
  const [isBusy, setBusy] = useState(false);
  const counted = useTold(alert, ask);
  const told = counted.value ?? 0;
  const isCounting = counted.value === null && counted.error === null;
  const isReady =
    !isCounting &&
    (!NEEDS_NOTE.includes(ask) || note.trim() !== '') &&
    (ask !== 'level' || level !== alert.level);

  const run = async () => {
    setBusy(true);
    setError(null);
    const more = {
      note,
      ...(ask === 'override' || (ask === 'level' && isHigh(level)) ? { override_reason: note } : {}),
      ...(ask === 'level' ? { level } : {}),
    };
    try {
      await moveAlert(alert.id, MOVES[ask], alert.version, more);
      say(t(`done.${ask}`));
      void loadAlerts();
      onDone();
    } catch (failure) {
      const isConflict = failure instanceof ApiError && failure.kind === 'conflict';
      setError(isConflict ? `${t('error.conflict')} ${explain(failure)}` : explain(failure));
      if (isConflict) void loadAlerts();
      setBusy(false);
    }
  };

  return (
    <Dialog
      title={t(`move.${ask}`)}
      onClose={onClose}
      foot={
        <>
          <Button onClick={onClose}>{t('back')}</Button>
          <Button
            look="main"
            level={ask === 'lift' || ask === 'cancel' || ask === 'submit' ? undefined : level}
            disabled={!isReady || isBusy}
            onClick={() => void run()}
            testId="confirm"
          >
            {consequence(ask, told)}
          </Button>
        </>
      }
    >
      <div class="stack">
        <p>{isCounting ? t('loading') : question(alert, ask, told)}</p>
        {ask === 'level' && <LevelChoice name="new-level" value={level} onValue={setLevel} />}
        {NEEDS_NOTE.includes(ask) && (
          <TextField
            name="note"
            label={t(`note.${ask === 'override' ? 'override' : 'why'}`)}
            value={note}
            onValue={setNote}
            rows={3}
          />
        )}
        {error && (
          <p class="field-error" role="alert">
            {error}
          </p>
        )}
      </div>
    </Dialog>
  );
}

/** How many people the move tells: before issue those whom it would reach now, afterwards those who were told. */
function useTold(alert: AlertDetail, ask: Ask): Fetched<number> {
  const isCounted = alert.issued_at !== null || ask === 'submit' || ask === 'cancel';
  const preview = useFetched(isCounted ? null : `would tell ${alert.id} ${alert.version}`, () =>
    previewAlert(contentOf(alert)),
  );
  if (isCounted) return { value: alert.issued_at ? alert.reach.audience : 0, error: null, reload: () => {} };
  return { ...preview, value: preview.value?.total ?? null };
}

const contentOf = (alert: AlertDetail): AlertContent => ({
  level: alert.level,
  event: alert.event,
  headline: alert.headline,
  description: alert.description,
  instruction: alert.instruction,
  targets: alert.targets.map(({ id }) => id),
  depth: alert.depth,
  area: alert.area,
  expires_at: alert.expires_at,
  is_drill: alert.is_drill,
});

function question(alert: AlertDetail, ask: Ask, told: number): string {
  if (ask === 'cancel' && alert.issued_at === null) return t('ask.drop');
  return t(`ask.${ask}`, { count: told });
}

function consequence(ask: Ask, told: number): string {
  if (ask === 'submit' || told === 0) return t(`move.${ask}`);
  return t('consequence.tell', { count: told, shown: number(told) });
}
