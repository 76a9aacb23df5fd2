/** Sending a form: busy while it is under way, the error when it was not taken. */
import { useState } from 'preact/hooks';
import { ApiError } from '../api/errors';

export interface Sending {
  isBusy: boolean;
  error: unknown;
  /** Resolves to whether it was taken; a second press while busy does nothing. */
  send: (work: () => Promise<unknown>) => Promise<boolean>;
  fail: (error: unknown) => void;
}

export function useSending(): Sending {
  const [isBusy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const send = async (work: () => Promise<unknown>) => {
    if (isBusy) return false;
    setBusy(true);
    setError(null);
    try {
      await work();
      return true;
    } catch (failure) {
      setError(failure);
      return false;
    } finally {
      setBusy(false);
    }
  };
  return { isBusy, error, send, fail: setError };
}

/** The server's words for one field; the rest stands above the buttons. */
export const errorOf = (error: unknown, field: string): string | null =>
  error instanceof ApiError && error.field === field ? error.message : null;
