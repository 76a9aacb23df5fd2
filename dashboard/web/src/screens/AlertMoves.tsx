/** What can be done with an alert now. Each button names its consequence; what tells people asks once more, with the number. */
import { useState } from 'preact/hooks';
import { type Move, moveAlert, previewAlert } from '../api/client';
import { ApiError } from '../api/errors';
import type { AlertDetail, LevelColour } from '../api/types';
import { Button } from '../design/Button';
import { Dialog } from '../design/Dialog';
import { explain } from '../design/Feedback';
import { Checkbox, TextField } from '../design/Field';
import { LEVELS } from '../design/levels';
import { say } from '../design/Toast';
import { number, t } from '../i18n';
import { loadAlerts } from '../state/alerts';
import { type Fetched, useFetched } from '../state/async';
import { startEdit, writtenOf } from '../state/compose';
import { openPanel } from '../state/place';
import { me } from '../state/session';
import { LevelChoice } from './LevelChoice';

type Ask = 'issue' | 'override' | 'submit' | 'approve' | 'decline' | 'lift' | 'cancel' | 'level';

/** Editing asks nothing: it opens the form. */
type Offer = Ask | 'edit';

/** [word among the server's legal moves, what we offer for it]; what waits for a second person comes first, then lift: it is what one looks for in an alert in force. */
const OFFERS: readonly (readonly [word: string, offer: Offer])[] = [
  ['approve', 'approve'],
  ['decline', 'decline'],
  ['lift', 'lift'],
  ['submit', 'submit'],
  ['issue', 'issue'],
  ['edit', 'edit'],
  ['level', 'level'],
  ['cancel', 'cancel'],
];
const NEEDS_NOTE: readonly Ask[] = ['lift', 'cancel', 'override', 'level', 'decline'];
const NEVER_MAIN: readonly Offer[] = ['override', 'decline']; // who proposed a level would be offered first to take it back
const TELLS_NOBODY: readonly Ask[] = ['submit', 'decline'];
const MOVES: Readonly<Record<Ask, Move>> = {
  issue: 'issue',
  override: 'issue',
  submit: 'submit',
  approve: 'approve',
  decline: 'decline',
  lift: 'lift',
  cancel: 'cancel',
  level: 'level',
};

const isHigh = (level: LevelColour) => LEVELS[level].wantsSecondPerson;
const isUpgrade = (alert: AlertDetail, level: LevelColour) => LEVELS[level].rank > LEVELS[alert.level].rank;

/** A second person approves; who made it may at most take it back. */
const isMine = (alert: AlertDetail) =>
  (alert.proposal?.made_by ?? alert.created_by)?.id === me.value?.account.id;

function offersOf(alert: AlertDetail): Offer[] {
  const hidden: Offer[] = [];
  if (isMine(alert)) hidden.push('approve');
  if (isMine(alert) && !alert.proposal) hidden.push('decline'); // editing a draft takes it back
  if (!isHigh(alert.level) && !alert.issued_at) hidden.push('submit', 'approve', 'decline');
  if (!me.value?.account.may_issue) hidden.push('edit');
  return OFFERS.filter(([word, offer]) => alert.moves.includes(word) && !hidden.includes(offer)).map(
    ([, offer]) => (offer === 'issue' && isHigh(alert.level) ? 'override' : offer),
  );
}

function edit(alert: AlertDetail): void {
  startEdit(alert);
  openPanel('compose');
}

export function AlertMoves({ alert, onDone }: { alert: AlertDetail; onDone: () => void }) {
  const [ask, setAsk] = useState<Ask | null>(null);
  return (
    <>
      {offersOf(alert).map((offer, at) => (
        <Button
          key={offer}
          look={at === 0 && !NEVER_MAIN.includes(offer) ? 'main' : 'normal'}
          onClick={() => (offer === 'edit' ? edit(alert) : setAsk(offer))}
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
  level?: LevelColour; // what is proposed; else what it has
  note?: string;
  onClose: () => void;
  onDone: () => void;
}

export function Confirm({ alert, ask, level: proposed, note: said = '', onClose, onDone }: ConfirmProps) {
  const [note, setNote] = useState(said);
  const [level, setLevel] = useState<LevelColour>(proposed ?? alert.proposal?.level ?? alert.level);
  const [isUrgent, setUrgent] = useState(false);
  const [error, setError] = useState<string | null>(null);
  const [isBusy, setBusy] = useState(false);
  const counted = useTold(alert, ask);
  const told = counted.value ?? 0;
  const isCounting = counted.value === null && counted.error === null;
  const isReady =
    !isCounting &&
    (!NEEDS_NOTE.includes(ask) || note.trim() !== '') &&
    (ask !== 'level' || level !== alert.level);

  const needsSecond = ask === 'level' && isHigh(level) && isUpgrade(alert, level);
  const isProposal = needsSecond && !isUrgent;
  const isQuiet = isProposal || TELLS_NOBODY.includes(ask);

  const run = async () => {
    setBusy(true);
    setError(null);
    const more = {
      note,
      ...(ask === 'override' || (needsSecond && isUrgent) ? { override_reason: note } : {}),
      ...(ask === 'level' ? { level } : {}),
    };
    try {
      await moveAlert(alert.id, isProposal ? 'propose' : MOVES[ask], alert.version, more);
      say(t(isProposal ? 'done.propose' : `done.${ask}`));
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
            level={ask === 'lift' || ask === 'cancel' || isQuiet ? undefined : level}
            disabled={!isReady || isBusy}
            onClick={() => void run()}
            testId="confirm"
          >
            {isProposal ? t('move.submit') : consequence(ask, told)}
          </Button>
        </>
      }
    >
      <div class="stack">
        <p>{isCounting ? t('loading') : question(alert, ask, told)}</p>
        {ask === 'level' && <LevelChoice name="new-level" value={level} onValue={setLevel} />}
        {needsSecond && (
          <Checkbox
            name="urgent"
            label={t('level.urgent')}
            hint={t('level.urgent.how')}
            value={isUrgent}
            onValue={setUrgent}
          />
        )}
        {NEEDS_NOTE.includes(ask) && (
          <TextField
            name="note"
            label={t(`note.${noteOf(ask, needsSecond && isUrgent)}`)}
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
    previewAlert(writtenOf(alert)),
  );
  if (isCounted) return { value: alert.issued_at ? alert.reach.audience : 0, error: null, reload: () => {} };
  return { ...preview, value: preview.value?.total ?? null };
}

function noteOf(ask: Ask, isOverride: boolean): 'override' | 'decline' | 'why' {
  if (isOverride || ask === 'override') return 'override';
  return ask === 'decline' ? 'decline' : 'why';
}

function question(alert: AlertDetail, ask: Ask, told: number): string {
  if (ask === 'cancel' && alert.issued_at === null) return t('ask.drop');
  if (ask === 'decline' && alert.proposal) return t('ask.decline.level');
  if (ask === 'approve' && alert.proposal) {
    return t('ask.approve.level', {
      level: t(`level.${alert.proposal.level}`),
      shown: number(told),
      count: told,
    });
  }
  return t(`ask.${ask}`, { count: told });
}

function consequence(ask: Ask, told: number): string {
  if (TELLS_NOBODY.includes(ask) || told === 0) return t(`move.${ask}`);
  return t('consequence.tell', { count: told, shown: number(told) });
}
