/** Writing a circular: the form at the left, what would come of it at the right, and what was sent before below. */
import { Send } from 'lucide';
import { useEffect, useRef, useState } from 'preact/hooks';
import { ApiError } from '../../../api/errors';
import { type Plan, previewCircular, sendCircular } from '../../../api/messages';
import { Button } from '../../../design/Button';
import { Empty, Skeleton } from '../../../design/Feedback';
import { TextField } from '../../../design/Field';
import { FormError } from '../../../design/FormError';
import { Page } from '../../../design/Page';
import { say } from '../../../design/Toast';
import { number, t } from '../../../i18n';
import { errorOf, useSending } from '../../../state/form';
import { itemId, openItem } from '../../../state/place';
import { me, unitOf } from '../../../state/session';
import { Audience } from './Audience';
import { CircularDrawer } from './CircularDrawer';
import { Circulars } from './Circulars';
import { BLANK, type CircularDraft, hasRecipients, hasText, toContent } from './draft';
import { PlanView } from './PlanView';
import { Wording } from './Wording';

const ASK_AFTER_MS = 350;

interface Seen {
  plan: Plan | null;
  error: unknown;
  isAsking: boolean;
}

/** What the server makes of the draft, a moment after somebody stopped typing; an older answer is dropped. */
function usePlan(draft: CircularDraft, unit: number): Seen {
  const [seen, setSeen] = useState<Seen>({ plan: null, error: null, isAsking: false });
  const isReady = hasRecipients(draft) && hasText(draft);
  const content = toContent(draft, unit);
  const key = isReady ? JSON.stringify(content) : '';
  useEffect(() => {
    if (key === '') {
      setSeen({ plan: null, error: null, isAsking: false });
      return;
    }
    let isWanted = true;
    setSeen((before) => ({ ...before, isAsking: true }));
    const timer = setTimeout(() => {
      previewCircular(content).then(
        (plan) => isWanted && setSeen({ plan, error: null, isAsking: false }),
        (error) => isWanted && setSeen({ plan: null, error, isAsking: false }),
      );
    }, ASK_AFTER_MS);
    return () => {
      isWanted = false;
      clearTimeout(timer);
    };
  }, [key]);
  return seen;
}

export function SendSection() {
  const [draft, setDraft] = useState(BLANK);
  const [confirmed, setConfirmed] = useState('');
  const [sent, setSent] = useState(0);
  const unit = (unitOf('issuer') ?? me.value?.unit)?.id ?? 0;
  const seen = usePlan(draft, unit);
  const sending = useSending();
  const id = useRef(crypto.randomUUID()); // kept until it was taken: a lost answer and a retry send once
  const open = itemId.value;
  const set = (change: Partial<CircularDraft>) => {
    setDraft((before) => ({ ...before, ...change }));
    setConfirmed('');
    id.current = crypto.randomUUID();
    sending.fail(null);
  };
  const { plan } = seen;
  const isConfirmed = plan?.confirm_by !== 'number' || Number(confirmed) === plan.recipients;
  const isReady = plan !== null && !seen.isAsking && plan.recipients > 0 && isConfirmed;
  const send = () =>
    sending.send(async () => {
      const typed = confirmed.trim() === '' ? null : Number(confirmed);
      const circular = await sendCircular(id.current, toContent(draft, unit), typed);
      say(t(circular.state === 'waiting' ? 'sms.waits.second' : 'sms.sent', { count: circular.recipients }));
      setDraft(BLANK);
      setConfirmed('');
      id.current = crypto.randomUUID();
      setSent((before) => before + 1);
      openItem(circular.id);
    });
  const errorAt = (field: string) => errorOf(seen.error, field) ?? errorOf(sending.error, field);
  const isField = (error: unknown) =>
    error instanceof ApiError &&
    ['text_zh', 'text_en', 'values', 'numbers', 'due_at'].includes(error.field ?? '');
  return (
    <Page title={t('section.sms-send')} note={t('section.sms-send.note')}>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling region must be reachable by keyboard */}
      <div class="send" tabIndex={0} role="group" aria-label={t('section.sms-send')}>
        <form
          class="send-form"
          onSubmit={(event) => {
            event.preventDefault();
            if (isReady) void send();
          }}
        >
          <Audience draft={draft} set={set} error={errorAt('numbers')} />
          <Wording draft={draft} set={set} errorAt={errorAt} />
          <TextField
            type="datetime-local"
            name="sms-due"
            label={t('sms.due')}
            hint={t('sms.due.how')}
            value={draft.due}
            error={errorAt('due_at')}
            onValue={(due) => set({ due })}
          />
        </form>
        <section class="send-plan" aria-label={t('sms.plan')} aria-busy={seen.isAsking}>
          <h3 class="section-title">{t('sms.plan')}</h3>
          {plan ? (
            <PlanView plan={plan} />
          ) : seen.error ? (
            <FormError error={seen.error} />
          ) : seen.isAsking ? (
            <Skeleton label={t('sms.plan')} />
          ) : (
            <Empty title={t('sms.plan.none')}>{t('sms.plan.how')}</Empty>
          )}
          {plan && plan.recipients > 0 && (
            <div class="send-go">
              {plan.confirm_by === 'number' && (
                <TextField
                  name="sms-confirm"
                  label={t('sms.confirm', { count: number(plan.recipients) })}
                  inputMode="numeric"
                  autocomplete="off"
                  value={confirmed}
                  onValue={setConfirmed}
                />
              )}
              {plan.confirm_by === 'person' && <p class="second">{t('sms.confirm.person')}</p>}
              {!isField(sending.error) && <FormError error={sending.error} />}
              <Button
                icon={Send}
                look="main"
                wide
                large
                disabled={!isReady || sending.isBusy}
                onClick={() => void send()}
                testId="send"
              >
                {sendWords(plan, draft, sending.isBusy)}
              </Button>
            </div>
          )}
        </section>
        <Circulars key={sent} chosen={open} />
      </div>
      {open && <CircularDrawer key={open} id={open} />}
    </Page>
  );
}

function sendWords(plan: Plan, draft: CircularDraft, isBusy: boolean): string {
  if (isBusy) return t('sms.sending');
  if (plan.confirm_by === 'person') return t('sms.submit', { count: plan.recipients });
  return t(draft.due || plan.waits_for_quiet ? 'sms.send.later' : 'sms.send.now', { count: plan.recipients });
}
