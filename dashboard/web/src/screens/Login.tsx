import { Languages, Moon, Sun } from 'lucide';
import { useState } from 'preact/hooks';
import { ApiError } from '../api/errors';
import { Button } from '../design/Button';
import { explain } from '../design/Feedback';
import { TextField } from '../design/Field';
import { chooseLanguage, language, t } from '../i18n';
import { enterAs } from '../state/session';
import { switchTheme, theme } from '../state/theme';
import { LoginScene } from './LoginScene';

export function Login() {
  const [name, setName] = useState('');
  const [password, setPassword] = useState('');
  const [error, setError] = useState<string | null>(null);
  const [isBusy, setBusy] = useState(false);

  const submit = async (event: Event) => {
    event.preventDefault();
    setBusy(true);
    setError(null);
    try {
      await enterAs(name.trim(), password);
    } catch (failure) {
      const isWrong = failure instanceof ApiError && failure.kind === 'unauthorised';
      setError(isWrong ? t('login.wrong') : explain(failure));
      setBusy(false);
    }
  };

  return (
    <main class="login">
      <div class="login-scene">
        <LoginScene />
        <div class="login-words">
          <h1>{t('product')}</h1>
          <p>{t('product.what')}</p>
        </div>
      </div>
      <form class="login-form" onSubmit={submit}>
        <h2>{t('login')}</h2>
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
          error={error}
        />
        <Button look="main" type="submit" wide disabled={isBusy} testId="login">
          {isBusy ? t('login.busy') : t('login')}
        </Button>
        <LookTools />
      </form>
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
