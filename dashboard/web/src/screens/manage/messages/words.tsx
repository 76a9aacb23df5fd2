/** How messages are named: their states, kinds and channels, where they went, what they cost. */
import type { Channel, Delivery, DeliveryKind, DeliveryState, States } from '../../../api/messages';
import { Badge, type Tone } from '../../../design/Badge';
import { locale, t } from '../../../i18n';

const TONES: Readonly<Record<DeliveryState, Tone>> = {
  queued: 'plain',
  sending: 'plain',
  sent: 'plain',
  delivered: 'good',
  failed: 'bad',
  expired: 'warn',
  unknown: 'warn',
};

export const StateBadge = ({ state }: { state: DeliveryState }) => (
  <Badge tone={TONES[state]}>{t(`sms.state.${state}`)}</Badge>
);
export const kindName = (kind: DeliveryKind): string => t(`sms.kind.${kind}`);
export const channelName = (channel: Channel): string => t(`sms.channel.${channel}`);
export const phoneOf = (address: string): string =>
  address.replace(/^\+86(1\d{2})(\d{4})(\d{4})$/, '+86 $1 $2 $3');
export const readerOf = (row: Pick<Delivery, 'member' | 'address'>): string =>
  row.member?.name ?? phoneOf(row.address);

export const money = (amount: string, currency: string): string => {
  const digits = { minimumFractionDigits: 2, maximumFractionDigits: 2 };
  const shown = new Intl.NumberFormat(locale.value, digits).format(Number(amount));
  return currency === 'CNY' ? `¥${shown}` : `${shown} ${currency}`;
};

/** What a reader sees: it is there, it is on its way, or why it will not come. */
export const SHARES = ['delivered', 'waiting', 'failed', 'expired', 'unknown'] as const;
export type ShareName = (typeof SHARES)[number];
export type Share = Record<ShareName | 'total', number>;

export function shareOf(states: States): Share {
  const of = (...names: DeliveryState[]) => names.reduce((sum, name) => sum + (states[name] ?? 0), 0);
  const share = {
    delivered: of('delivered'),
    waiting: of('queued', 'sending', 'sent'),
    failed: of('failed'),
    expired: of('expired'),
    unknown: of('unknown'),
  };
  return { ...share, total: SHARES.reduce((sum, name) => sum + share[name], 0) };
}

/** Parts of a bar, told apart by pattern as well; in words for who cannot see them. */
export function ShareBar({ states, label }: { states: States; label?: string }) {
  const share = shareOf(states);
  const words = t('sms.share', { ...share });
  return (
    <span class="share" role="img" aria-label={label ? `${label}: ${words}` : words} title={words}>
      {share.total === 0 && <span class="share-part share-none" style={{ flexGrow: 1 }} />}
      <ShareParts share={share} />
    </span>
  );
}

export const ShareParts = ({ share }: { share: Share }) => (
  <>
    {SHARES.filter((name) => share[name] > 0).map((name) => (
      <span key={name} class={`share-part share-${name}`} style={{ flexGrow: share[name] }} />
    ))}
  </>
);

export function ShareLegend() {
  return (
    <ul class="share-legend">
      {SHARES.map((name) => (
        <li key={name}>
          <span class={`share-key share-${name}`} /> {t(`sms.share.${name}`)}
        </li>
      ))}
    </ul>
  );
}

/** A message as a phone shows it. */
export function Bubble({ text, parts, label }: { text: string; parts?: number; label: string }) {
  return (
    <figure class="bubble-box">
      <figcaption class="bubble-head second">
        <span>{label}</span>
        {parts !== undefined && (
          <span class="num">{t('sms.parts', { count: parts, units: text.length })}</span>
        )}
      </figcaption>
      <blockquote class="bubble">{text}</blockquote>
    </figure>
  );
}
