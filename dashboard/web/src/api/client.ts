/** The server's HTTP surface as typed functions. Each throws ApiError and nothing else. */
import { ApiError, kindOf } from './errors';
import type {
  Alert,
  AlertContent,
  AlertDetail,
  AudiencePreview,
  Crossing,
  Emergency,
  Grids,
  Me,
  Member,
  MemberDetail,
  OutboxMessage,
  PresenceEvent,
  Told,
  TrackPoint,
  Unit,
  UnitDetail,
} from './types';

const TIMEOUT_MS = 20_000;
export type Query = Record<string, string | number | null | undefined>;

export function address(path: string, query: Query = {}): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value !== null && value !== undefined && value !== '') search.set(name, String(value));
  }
  const text = search.toString();
  return `/api/${path}${text ? `?${text}` : ''}`;
}

async function send(method: string, url: string, body?: unknown, withinMs = TIMEOUT_MS): Promise<Response> {
  const isForm = body instanceof FormData; // the browser writes its boundary itself
  const headers: Record<string, string> = {
    Accept: 'application/json',
    'Accept-Language': document.documentElement.lang,
  };
  if (method !== 'GET') headers['X-Requested-With'] = 'gridwarden';
  if (body !== undefined && !isForm) headers['Content-Type'] = 'application/json';
  try {
    return await fetch(url, {
      method,
      headers,
      body: isForm ? body : body === undefined ? null : JSON.stringify(body),
      credentials: 'same-origin',
      signal: AbortSignal.timeout(withinMs),
    });
  } catch {
    throw new ApiError('unreachable', 'unreachable', '');
  }
}

async function failure(answer: Response): Promise<ApiError> {
  const said: { error?: string; message?: string; field?: string } = await answer.json().catch(() => ({}));
  const wait = answer.headers.get('Retry-After');
  return new ApiError(
    kindOf(answer.status),
    said.error ?? String(answer.status),
    said.message ?? '',
    wait === null ? null : Number(wait),
    said.field ?? null,
  );
}

async function request<T>(method: string, url: string, body?: unknown, withinMs?: number): Promise<T> {
  const answer = await send(method, url, body, withinMs);
  if (!answer.ok) throw await failure(answer);
  return (answer.status === 204 ? undefined : await answer.json()) as T;
}

export const get = <T>(path: string, query?: Query) => request<T>('GET', address(path, query));
/** `body` is sent as JSON, a FormData as it is; `withinMs` is for what takes the server longer than usual. */
export const post = <T>(path: string, body: unknown = {}, withinMs?: number) =>
  request<T>('POST', address(path), body, withinMs);

export const logIn = (name: string, password: string, code?: string) =>
  post<Me>('login', { name, password, ...(code ? { code } : {}) });
export const logOut = () => post<void>('logout');
export const getMe = () => get<Me>('me');

export const getUnits = () => get<{ units: Unit[] }>('units');
export const getUnit = (id: number) => get<UnitDetail>(`units/${id}`);
export const getMembers = (unit: number, query: { q?: string; limit?: number; offset?: number } = {}) =>
  get<{ total: number; members: Member[] }>(`units/${unit}/members`, query);
export const getMember = (id: number) => get<MemberDetail>(`members/${id}`);
export const getTrack = (id: number) => get<{ points: TrackPoint[] }>(`members/${id}/track`);
export const getPresence = (id: number, limit: number) =>
  get<{ events: PresenceEvent[] }>(`members/${id}/presence`, { limit });
export const search = (q: string) => get<{ members: Member[]; units: Unit[] }>('search', { q });
export const getGrids = (unit: number, level: string) => get<Grids>('grids', { unit, level });

export const getEmergencies = (open: boolean) =>
  get<{ emergencies: Emergency[] }>('emergencies', open ? { open: 1 } : {});
export const takeEmergency = (id: number) => post<Emergency>(`emergencies/${id}/take`);
export const closeEmergency = (id: number) => post<Emergency>(`emergencies/${id}/close`);
export const getCrossings = (unit: number, limit = 200) =>
  get<{ crossings: Crossing[] }>('crossings', { unit, limit });

export const getAlerts = (query: { state?: string; limit?: number } = {}) =>
  get<{ alerts: Alert[] }>('alerts', query);
export const getAlert = (id: string) => get<AlertDetail>(`alerts/${id}`);
export const getAudience = (id: string, limit: number, offset: number) =>
  get<{ total: number; people: Told[] }>(`alerts/${id}/audience`, { limit, offset });
export const previewAlert = (content: AlertContent) => post<AudiencePreview>('alerts/preview', content);
export const draftAlert = (id: string, content: AlertContent) => post<Alert>('alerts', { id, ...content });
export const acknowledgeFor = (id: string, member: number) =>
  post<Alert>(`alerts/${id}/acknowledge`, { member });

export type Move =
  | 'issue'
  | 'submit'
  | 'approve'
  | 'decline'
  | 'lift'
  | 'cancel'
  | 'level'
  | 'propose'
  | 'edit';
export const moveAlert = (id: string, move: Move, expectedVersion: number, more: object = {}) =>
  post<Alert>(`alerts/${id}/${move}`, { expected_version: expectedVersion, ...more });

export const getOutbox = (query: { limit?: number; alert?: string } = {}) =>
  get<{ messages: OutboxMessage[] }>('outbox', query);
