/** What a screen shows when there is nothing, not yet, or not any more. */
import { RotateCw } from 'lucide';
import type { ComponentChildren } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { ApiError } from '../api/errors';
import { t } from '../i18n';
import { Button } from './Button';

const COUNT_AFTER_S = 2;
const WIDTHS = ['72%', '48%', '86%', '60%', '78%', '40%'];

/** After two seconds it says how long it has been, so that slow never looks dead. */
export function Skeleton({ label }: { label: string }) {
  const [seconds, setSeconds] = useState(0);
  useEffect(() => {
    const timer = setInterval(() => setSeconds((before) => before + 1), 1000);
    return () => clearInterval(timer);
  }, []);
  return (
    <div class="skeleton" role="status" aria-label={label}>
      {WIDTHS.map((width) => (
        <div key={width} class="skeleton-bar" style={{ width }} />
      ))}
      {seconds >= COUNT_AFTER_S && (
        <span class="quiet num">{t('loading.for', { what: label, seconds })}</span>
      )}
    </div>
  );
}

export function Empty({ title, children }: { title: string; children?: ComponentChildren }) {
  return (
    <div class="notice">
      <p class="notice-title">{title}</p>
      {children}
    </div>
  );
}

export function explain(error: unknown): string {
  if (!(error instanceof ApiError)) return String(error);
  if (error.kind === 'unreachable') return t('error.unreachable');
  return error.message || t(`error.${error.kind}`);
}

/** What failed, what still works, one button. */
export function Failure({ what, error, onRetry }: { what: string; error: unknown; onRetry: () => void }) {
  return (
    <div class="notice" role="alert">
      <p class="notice-title">{t('error.what', { what })}</p>
      <p>{explain(error)}</p>
      <Button icon={RotateCw} onClick={onRetry}>
        {t('retry')}
      </Button>
    </div>
  );
}
