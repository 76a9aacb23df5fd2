/** What can be made of a message: a draft, a change of the warning it belongs to, or nothing. */
import { FilePen, TriangleAlert } from 'lucide';
import { useState } from 'preact/hooks';
import { dismissMessage, joinMessage, type Offer, type Reading, reopenMessage } from '../../api/cap';
import { getAlert } from '../../api/client';
import { Button } from '../../design/Button';
import { Dialog } from '../../design/Dialog';
import { TextField } from '../../design/Field';
import { FormError } from '../../design/FormError';
import { say } from '../../design/Toast';
import { t } from '../../i18n';
import { useFetched } from '../../state/async';
import { startDraftOf } from '../../state/compose';
import { openAlert, openPanel } from '../../state/place';
import { loadReceived } from '../../state/received';
import { Confirm } from '../AlertMoves';

interface Props {
  reading: Reading;
  onDone: () => void;
}

export function Offers({ reading, onDone }: Props) {
  const [isDismissing, setDismissing] = useState(false);
  const [isMoving, setMoving] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const { state, offer, alert } = reading;
  const settle = async (work: () => Promise<unknown>, done: string) => {
    setError(null);
    try {
      await work();
      say(done);
      await loadReceived();
      onDone();
    } catch (failure) {
      setError(failure);
    }
  };
  if (state === 'drafted' && alert) {
    return (
      <Button look="main" icon={TriangleAlert} onClick={() => openAlert(alert)} testId="cap-alert">
        {t('cap.alert.open')}
      </Button>
    );
  }
  if (state === 'dismissed') {
    return (
      <div class="stack grow">
        <FormError error={error} />
        <Button
          onClick={() => void settle(() => reopenMessage(reading.id), t('cap.done.reopen'))}
          testId="cap-reopen"
        >
          {t('cap.reopen')}
        </Button>
      </div>
    );
  }
  if (state !== 'waiting') return null;
  return (
    <div class="stack grow">
      <FormError error={error} />
      <div class="line">
        <Make reading={reading} onMove={() => setMoving(true)} onError={setError} />
        <Button onClick={() => setDismissing(true)} testId="cap-dismiss">
          {t('cap.dismiss')}
        </Button>
      </div>
      {isDismissing && (
        <Dismiss
          onClose={() => setDismissing(false)}
          onReason={async (reason) => {
            await dismissMessage(reading.id, reason);
            setDismissing(false);
            say(t('cap.done.dismiss'));
            await loadReceived();
            onDone();
          }}
        />
      )}
      {isMoving && isMove(offer) && (
        <MoveAlert
          reading={reading}
          move={offer}
          onClose={() => setMoving(false)}
          onDone={() => {
            setMoving(false);
            const moved = reading.offered_alert!.id;
            void settle(() => joinMessage(reading.id, moved), t('cap.done.join'));
          }}
        />
      )}
    </div>
  );
}

type MoveOffer = 'level' | 'lift' | 'cancel';
const isMove = (offer: Offer): offer is MoveOffer => ['level', 'lift', 'cancel'].includes(offer);

function Make(props: { reading: Reading; onMove: () => void; onError: (error: unknown) => void }) {
  const { reading, onMove, onError } = props;
  const { offer, draft, offered_alert: alert } = reading;
  if (offer === 'nothing') return null;
  if (isMove(offer)) {
    return (
      <Button look="main" onClick={onMove} testId="cap-move">
        {t(`cap.offer.${offer}`, { level: draft ? t(`level.${draft.level}`) : '' })}
      </Button>
    );
  }
  if (!draft) return null;
  /** A draft that is there keeps what no message speaks of: how far down, and which teams. */
  const write = async () => {
    const before = offer === 'edit' && alert ? await getAlert(alert.id) : null;
    const { targets, ...words } = draft;
    startDraftOf(
      reading.id,
      {
        ...words,
        targets: targets.map(({ id }) => id),
        teams: before?.teams.map(({ id }) => id) ?? [],
        depth: before?.depth ?? null,
      },
      before && { id: before.id, version: before.version },
    );
    openPanel('compose');
  };
  return (
    <Button look="main" icon={FilePen} onClick={() => void write().catch(onError)} testId="cap-draft">
      {t(`cap.offer.${offer}`)}
    </Button>
  );
}

/** The same question as at the warning itself, filled in with what the message says. */
function MoveAlert(props: { reading: Reading; move: MoveOffer; onClose: () => void; onDone: () => void }) {
  const { reading, move, onClose, onDone } = props;
  const id = reading.offered_alert?.id ?? '';
  const { value, error } = useFetched(`message's alert ${id}`, () => getAlert(id));
  if (error) return <FormError error={error} />;
  if (!value) return null;
  const note = t('cap.note.of', { who: reading.said?.sender_name || reading.sender, what: reading.headline });
  return (
    <Confirm
      alert={value}
      ask={move}
      level={reading.draft?.level}
      note={note}
      onClose={onClose}
      onDone={onDone}
    />
  );
}

function Dismiss({
  onClose,
  onReason,
}: {
  onClose: () => void;
  onReason: (reason: string) => Promise<void>;
}) {
  const [reason, setReason] = useState('');
  const [error, setError] = useState<unknown>(null);
  return (
    <Dialog
      title={t('cap.dismiss')}
      onClose={onClose}
      foot={
        <>
          <Button onClick={onClose}>{t('back')}</Button>
          <Button
            look="main"
            disabled={reason.trim() === ''}
            onClick={() => void onReason(reason).catch(setError)}
            testId="confirm"
          >
            {t('cap.dismiss')}
          </Button>
        </>
      }
    >
      <div class="stack">
        <p>{t('cap.dismiss.ask')}</p>
        <TextField
          name="note"
          label={t('cap.dismiss.why')}
          value={reason}
          onValue={setReason}
          rows={3}
          maxLength={500}
          autofocus
        />
        <FormError error={error} />
      </div>
    </Dialog>
  );
}
