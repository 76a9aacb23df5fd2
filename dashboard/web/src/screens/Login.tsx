/** Name and password, then the second factor when the server asks for it; or single sign-on where it is set up. */
import { signal } from '@preact/signals';
import { Languages, LogIn, Moon, Sun } from 'lucide';
import type { ComponentChildren } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { getLoginOptions, SINGLE_SIGN_ON } from '../api/accounts';
import { ApiError } from '../api/errors';
import { Button } from '../design/Button';
import { explain } from '../design/Feedback';
import { TextField } from '../design/Field';
import { FormError } from '../design/FormError';
import { Icon } from '../design/Icon';
import { chooseLanguage, type Key, language, span, t } from '../i18n';
import { useFetched } from '../state/async';
import { place, writePlace } from '../state/place';
import { enterAs, enterWithCode } from '../state/session';
import { switchTheme, theme } from '../state/theme';
import { LoginScene } from './LoginScene';

const nowS = () => Date.now() / 1000;
const waitUntilS = signal(0); // outlives the form: a reloaded one must not invite the next wrong try
/** What single sign-on came back with, in the address. */
const said = signal(new URLSearchParams(location.search).get('login'));
const CODE_WANTED = 'oidc_code'; // they are known, and show our second factor now
const SAID: Readonly<Record<string, Key>> = {
  oidc_unknown: 'login.oidc_unknown',
  oidc_away: 'login.oidc_away',
  oidc_late: 'login.oidc_late',
};

function forgetSaid(): void {
  if (said.value === null) return;
  said.value = null;
  history.replaceState(null, '', `/${writePlace(place.value)}`); // a reload must not say it again
}

export function Login() {
  const [name, setName] = useState('');
  const [password, setPassword] = useState('');
  const [wantsCode, setWantsCode] = useState(false);
  const isBack = said.value === CODE_WANTED;
  const [error, setError] = useState<string | null>(null);
  const [isBusy, setBusy] = useState(false);
  const waitS = useWait();

  const enter = async (code?: string) => {
    setBusy(true);
    setError(null);
    try {
      if (isBack && code !== undefined) await enterWithCode(code);
      else await enterAs(name.trim(), password, code);
      forgetSaid();
    } catch (failure) {
      setBusy(false);
      if (!isBack) forgetSaid();
      if (isWord(failure, 'not_logged_in')) said.value = 'oidc_late';
      else if (isWord(failure, 'second_factor') && code === undefined) setWantsCode(true);
      else setError(reason(failure, code !== undefined));
    }
  };
  const given = { isBusy: isBusy || waitS > 0, error: waitS > 0 ? waiting(waitS) : error };
  if (wantsCode || isBack) {
    const back = () => {
      setWantsCode(false);
      forgetSaid();
      setError(null);
    };
    return (
      <LoginFrame>
        <CodeStep {...given} onCode={(code) => void enter(code)} onBack={back} />
      </LoginFrame>
    );
  }
  return (
    <LoginFrame>
      <form
        class="login-form"
        onSubmit={(event) => {
          event.preventDefault();
          void enter();
        }}
      >
        <h2>{t('login')}</h2>
        <Said />
        <TextField
          name="name"
          label={t('login.name')}
          value={name}
          onValue={setName}
          autocomplete="username"
          required
          autofocus
        />
        <TextField
          name="password"
          type="password"
          label={t('login.password')}
          value={password}
          onValue={setPassword}
          autocomplete="current-password"
          required
          error={given.error}
        />
        <Button look="main" type="submit" wide disabled={given.isBusy} testId="login">
          {isBusy ? t('login.busy') : t('login')}
        </Button>
        <SingleSignOn />
        <LookTools />
      </form>
    </LoginFrame>
  );
}

const isWord = (failure: unknown, word: string) => failure instanceof ApiError && failure.word === word;
const waiting = (seconds: number) => t('login.throttled', { span: span(seconds) });

function reason(failure: unknown, isCode: boolean): string {
  if (failure instanceof ApiError && failure.kind === 'throttled') {
    waitUntilS.value = nowS() + (failure.retryAfterS ?? 60);
    return explain(failure);
  }
  if (isWord(failure, 'second_factor')) return t('login.code.wrong');
  const isWrong = failure instanceof ApiError && failure.kind === 'unauthorised';
  return isWrong ? t(isCode ? 'login.code.wrong' : 'login.wrong') : explain(failure);
}

/** Seconds until the next try may be made; counts down by itself. */
function useWait(): number {
  const [now, setNow] = useState(nowS());
  const left = Math.ceil(Math.max(0, waitUntilS.value - now));
  useEffect(() => {
    if (waitUntilS.value <= nowS()) return;
    setNow(nowS());
    const timer = setInterval(() => setNow(nowS()), 1000);
    return () => clearInterval(timer);
  }, [waitUntilS.value, left > 0]);
  return left;
}

function Said() {
  if (!said.value) return null;
  return <FormError error={t(SAID[said.value] ?? 'login.oidc_failed')} />;
}

interface CodeProps {
  isBusy: boolean;
  error: string | null;
  onCode: (code: string) => void;
  onBack: () => void;
}

function CodeStep({ isBusy, error, onCode, onBack }: CodeProps) {
  const [code, setCode] = useState('');
  const [isRecovery, setRecovery] = useState(false); // those have letters: another keyboard on a phone
  return (
    <form
      class="login-form"
      onSubmit={(event) => {
        event.preventDefault();
        onCode(code.trim());
      }}
    >
      <h2>{t('login.code')}</h2>
      <p class="second">{t(isRecovery ? 'login.recovery.how' : 'login.code.how')}</p>
      <TextField
        key={isRecovery ? 'recovery' : 'totp'}
        name="code"
        label={t(isRecovery ? 'login.recovery.label' : 'totp.code')}
        value={code}
        onValue={setCode}
        autocomplete="one-time-code"
        inputMode={isRecovery ? 'text' : 'numeric'}
        required
        autofocus
        error={error}
      />
      <Button look="main" type="submit" wide disabled={isBusy} testId="login-code">
        {t('login')}
      </Button>
      <Button
        look="plain"
        onClick={() => {
          setRecovery(!isRecovery);
          setCode('');
        }}
      >
        {t(isRecovery ? 'login.code.app' : 'login.recovery')}
      </Button>
      <Button look="plain" onClick={onBack}>
        {t('login.other')}
      </Button>
      <LookTools />
    </form>
  );
}

function SingleSignOn() {
  const { value } = useFetched('login options', getLoginOptions);
  if (!value?.oidc) return null;
  return (
    <a class="button button-normal button-wide" href={SINGLE_SIGN_ON} data-testid="oidc">
      <Icon node={LogIn} />
      {t('login.oidc', { name: value.oidc.name })}
    </a>
  );
}

/** The drawing at the left and whatever has to be filled in before anything else. */
export function LoginFrame({ children }: { children: ComponentChildren }) {
  return (
    <main class="login">
      <div class="login-scene">
        <LoginScene />
        <div class="login-words">
          <h1>{t('product')}</h1>
          <p>{t('product.what')}</p>
        </div>
      </div>
      {children}
    </main>
  );
}

/** Language and theme, as words: somebody who cannot read this one finds the other. */
export function LookTools() {
  const other = language.value === 'zh' ? 'en' : 'zh';
  return (
    <div class="login-tools">
      <Button look="plain" icon={Languages} onClick={() => chooseLanguage(other)} lang={other}>
        {other === 'zh' ? '中文' : 'English'}
      </Button>
      <Button look="plain" icon={theme.value === 'dark' ? Sun : Moon} onClick={switchTheme}>
        {t(theme.value === 'dark' ? 'theme.light' : 'theme.dark')}
      </Button>
    </div>
  );
}
