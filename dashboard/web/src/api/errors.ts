/** The ways a request can fail, so that a screen can say what happened and what still works. */
export type FailureKind =
  | 'unreachable'
  | 'unauthorised'
  | 'forbidden'
  | 'missing'
  | 'conflict'
  | 'invalid'
  | 'throttled'
  | 'server';

const KINDS: Readonly<Record<number, FailureKind>> = {
  400: 'invalid',
  401: 'unauthorised',
  403: 'forbidden',
  404: 'missing',
  409: 'conflict',
  413: 'invalid',
  422: 'invalid',
  429: 'throttled',
};

export class ApiError extends Error {
  constructor(
    readonly kind: FailureKind,
    readonly word: string,
    message: string,
    readonly retryAfterS: number | null = null,
    readonly field: string | null = null, // of the form, when the server names one
  ) {
    super(message);
  }
}

export function kindOf(status: number): FailureKind {
  return KINDS[status] ?? 'server';
}
