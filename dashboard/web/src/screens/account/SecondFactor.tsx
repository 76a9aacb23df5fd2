/** The second factor of one's own account: set up, confirmed by a code, removed. */
import { ShieldCheck, ShieldOff } from 'lucide';
import { useState } from 'preact/hooks';
import { confirmTotp, offerTotp, removeTotp, type TotpOffer } from '../../api/accounts';
import { Badge } from '../../design/Badge';
import { Button } from '../../design/Button';
import { TextField } from '../../design/Field';
import { FormError } from '../../design/FormError';
import { Once } from '../../design/Once';
import { Section } from '../../design/Panel';
import { t } from '../../i18n';
import { useSending } from '../../state/form';
import { me, resume } from '../../state/session';

const GROUP = /(.{4})(?=.)/g; // a secret is typed in groups of four

export function SecondFactor() {
  const [offer, setOffer] = useState<TotpOffer | null>(null);
  const [codes, setCodes] = useState<string[] | null>(null);
  const [isRemoving, setRemoving] = useState(false);
  const start = useSending();
  const state = me.value?.account.second_factor;
  if (!state) return null;
  const done = async () => {
    setOffer(null);
    setRemoving(false);
    await resume();
  };
  return (
    <Section title={t('totp')}>
      <div class="line-wrap">
        <Badge tone={state.is_on ? 'good' : state.is_required ? 'warn' : 'plain'}>
          {t(state.is_on ? 'totp.on' : 'totp.off')}
        </Badge>
        {state.is_on && (
          <span class="quiet">{t('totp.codes.left', { count: state.recovery_codes_left })}</span>
        )}
      </div>
      <p class="second">{t(state.is_required ? 'totp.required' : 'totp.what')}</p>
      <FormError error={start.error} />
      {codes && <RecoveryCodes codes={codes} onDone={() => setCodes(null)} />}
      {!state.is_on && !offer && !codes && (
        <div>
          <Button
            icon={ShieldCheck}
            testId="totp-start"
            onClick={() => void start.send(async () => setOffer(await offerTotp()))}
          >
            {t('totp.start')}
          </Button>
        </div>
      )}
      {offer && (
        <SetUp
          offer={offer}
          onCancel={() => setOffer(null)}
          onDone={(fresh) => {
            setCodes(fresh);
            void done();
          }}
        />
      )}
      {state.is_on && !codes && !isRemoving && (
        <div>
          <Button icon={ShieldOff} testId="totp-remove" onClick={() => setRemoving(true)}>
            {t('totp.remove')}
          </Button>
        </div>
      )}
      {isRemoving && <Remove onDone={() => void done()} onCancel={() => setRemoving(false)} />}
    </Section>
  );
}

interface SetUpProps {
  offer: TotpOffer;
  onDone: (codes: string[]) => void;
  onCancel: () => void;
}

function SetUp({ offer, onDone, onCancel }: SetUpProps) {
  const [code, setCode] = useState('');
  const { isBusy, error, send } = useSending();
  const submit = (event: Event) => {
    event.preventDefault();
    void send(async () => onDone((await confirmTotp(code.trim())).recovery_codes));
  };
  return (
    <form class="stack box" onSubmit={submit}>
      <p>{t('totp.scan')}</p>
      <img class="qr" src={svgAddress(offer.qr_svg)} alt={t('totp.qr')} width="176" height="176" />
      <p class="second">{t('totp.type')}</p>
      <code class="once-value mono" data-testid="totp-secret">
        {offer.secret.replace(GROUP, '$1 ')}
      </code>
      <TextField
        name="totp-code"
        label={t('totp.code')}
        value={code}
        onValue={setCode}
        autocomplete="one-time-code"
        inputMode="numeric"
        maxLength={8}
        required
        autofocus
      />
      <FormError error={error} />
      <div class="line-wrap">
        <Button look="main" type="submit" disabled={isBusy} testId="totp-confirm">
          {t('totp.confirm')}
        </Button>
        <Button onClick={onCancel}>{t('cancel')}</Button>
      </div>
    </form>
  );
}

/** As an image: what the server drew can then run nothing. */
const svgAddress = (svg: string) => `data:image/svg+xml;charset=utf-8,${encodeURIComponent(svg)}`;

function RecoveryCodes({ codes, onDone }: { codes: string[]; onDone: () => void }) {
  return (
    <div class="stack">
      <Once
        label={t('totp.codes')}
        value={codes.join('\n')}
        note={t('totp.codes.how')}
        file="gridwarden-recovery-codes.txt"
        testId="recovery-codes"
      />
      <div>
        <Button look="main" onClick={onDone} testId="codes-kept">
          {t('totp.codes.kept')}
        </Button>
      </div>
    </div>
  );
}

function Remove({ onDone, onCancel }: { onDone: () => void; onCancel: () => void }) {
  const [password, setPassword] = useState('');
  const [code, setCode] = useState('');
  const { isBusy, error, send } = useSending();
  const submit = async (event: Event) => {
    event.preventDefault();
    if (await send(() => removeTotp(password, code.trim()))) onDone();
  };
  return (
    <form class="stack box" onSubmit={submit}>
      <p>{t('totp.remove.what')}</p>
      <TextField
        name="totp-password"
        type="password"
        label={t('login.password')}
        value={password}
        onValue={setPassword}
        autocomplete="current-password"
        required
        autofocus
      />
      <TextField
        name="totp-remove-code"
        label={t('login.code.label')}
        value={code}
        onValue={setCode}
        autocomplete="one-time-code"
        required
      />
      <FormError error={error} />
      <div class="line-wrap">
        <Button look="main" type="submit" disabled={isBusy}>
          {t('totp.remove')}
        </Button>
        <Button onClick={onCancel}>{t('cancel')}</Button>
      </div>
    </form>
  );
}
