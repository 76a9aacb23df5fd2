/** What was sent before, the newest first, with what became of it. */
import { type Circular, getCirculars } from '../../../api/messages';
import { Badge } from '../../../design/Badge';
import { Empty } from '../../../design/Feedback';
import { type Column, Table } from '../../../design/Table';
import { number, t, time } from '../../../i18n';
import { useFetched } from '../../../state/async';
import { nowMs } from '../../../state/clock';
import { openItem } from '../../../state/place';
import { ShareBar } from './words';

const EVERY_MS = 5_000;

export function Circulars({ chosen }: { chosen: string | null }) {
  const { value, error, reload } = useFetched('circulars', getCirculars, EVERY_MS);
  return (
    <section class="send-before" aria-label={t('sms.before')}>
      <h3 class="section-title">{t('sms.before')}</h3>
      <Table<Circular>
        isFixed
        label={t('sms.before')}
        columns={columns()}
        rows={value?.circulars ?? null}
        keyOf={(row) => row.id}
        error={error}
        onRetry={reload}
        chosen={chosen}
        onChoose={(row) => openItem(row.id)}
        empty={<Empty title={t('sms.before.none')}>{t('sms.before.how')}</Empty>}
      />
    </section>
  );
}

/** Where a circular stands, in one word. */
export function Standing({ circular }: { circular: Circular }) {
  const { state, leaves_at, progress } = circular;
  if (state === 'waiting') return <Badge tone="warn">{t('sms.standing.waiting')}</Badge>;
  if (state !== 'sending') return <Badge>{t(`sms.standing.${state}`)}</Badge>;
  if (Date.parse(leaves_at) > nowMs.value) return <Badge>{t('sms.standing.later')}</Badge>;
  const open = (progress.queued ?? 0) + (progress.sending ?? 0);
  return open > 0 ? (
    <Badge>{t('sms.standing.sending')}</Badge>
  ) : (
    <Badge tone="good">{t('sms.standing.done')}</Badge>
  );
}

const columns = (): readonly Column<Circular>[] => [
  {
    name: 'text',
    label: t('sms.text'),
    cell: (row) => <strong class="clip">{row.text_zh || row.text_en}</strong>,
  },
  { name: 'standing', label: t('sms.state'), width: '14%', cell: (row) => <Standing circular={row} /> },
  {
    name: 'people',
    label: t('sms.plan.people'),
    width: '9%',
    end: true,
    isNamed: true,
    cell: (row) => number(row.recipients),
  },
  {
    name: 'progress',
    label: t('sms.progress'),
    width: '18%',
    cell: (row) => <ShareBar states={row.progress} />,
  },
  { name: 'by', label: t('sms.by'), width: '12%', cell: (row) => row.created_by.name },
  {
    name: 'at',
    label: t('sms.at'),
    width: '14%',
    end: true,
    cell: (row) => <time class="num">{time(row.created_at, nowMs.value)}</time>,
  },
];
