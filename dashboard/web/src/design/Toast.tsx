import { signal } from '@preact/signals';
import { X } from 'lucide';
import { t } from '../i18n';
import { SquareButton } from './Button';
import { explain } from './Feedback';

interface Message {
  key: number;
  text: string;
  isBad: boolean;
}

const SHOWN_MS = 6_000;
const messages = signal<readonly Message[]>([]);
let nextKey = 1;

const drop = (key: number) => {
  messages.value = messages.value.filter((message) => message.key !== key);
};

/** Bad news stays until it is closed; good news leaves by itself. */
export function say(text: string, isBad = false): void {
  const key = nextKey++;
  messages.value = [...messages.value.slice(-2), { key, text, isBad }];
  if (!isBad) setTimeout(() => drop(key), SHOWN_MS);
}

export const sayFailed = (what: string, error: unknown) =>
  say(`${t('error.what', { what })} ${explain(error)}`, true);

export function Toasts() {
  return (
    <div class="toasts" role="status" aria-live="polite">
      {messages.value.map(({ key, text, isBad }) => (
        <div key={key} class={isBad ? 'toast toast-bad' : 'toast'}>
          <span class="grow">{text}</span>
          <SquareButton icon={X} label={t('close')} onClick={() => drop(key)} />
        </div>
      ))}
    </div>
  );
}
