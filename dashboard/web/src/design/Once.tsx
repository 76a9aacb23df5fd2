import { Check, Copy, Download } from 'lucide';
import { useRef, useState } from 'preact/hooks';
import { t } from '../i18n';
import { Button } from './Button';
import { Icon } from './Icon';

interface Props {
  label: string;
  value: string;
  note?: string; // what it is for; that it is never shown again stands here by itself
  file?: string; // offers it as a file of this name
  testId?: string;
}

/** `navigator.clipboard` is missing on plain http outside localhost: then the marked text is copied the old way. */
async function copy(value: string, box: HTMLElement): Promise<boolean> {
  if (navigator.clipboard) {
    return navigator.clipboard.writeText(value).then(
      () => true,
      () => false,
    );
  }
  document.getSelection()?.selectAllChildren(box);
  return document.execCommand('copy');
}

/** A secret that is shown this one time. */
export function Once({ label, value, note, file, testId }: Props) {
  const box = useRef<HTMLPreElement>(null);
  const [isCopied, setCopied] = useState(false);
  const take = async () => setCopied(await copy(value, box.current!));
  return (
    <section class="once" aria-label={label}>
      <h3 class="section-title">{label}</h3>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: to be marked and copied by keyboard */}
      <pre ref={box} class="once-value mono" tabIndex={0} data-testid={testId}>
        {value}
      </pre>
      <p class="quiet">
        {note} {t('once.note')}
      </p>
      <div class="line-wrap">
        <Button icon={isCopied ? Check : Copy} onClick={() => void take()}>
          {t(isCopied ? 'once.copied' : 'once.copy')}
        </Button>
        {file && (
          <a
            class="button button-normal"
            download={file}
            href={`data:text/plain;charset=utf-8,${encodeURIComponent(`${value}\n`)}`}
          >
            <Icon node={Download} />
            {t('once.file')}
          </a>
        )}
      </div>
    </section>
  );
}
