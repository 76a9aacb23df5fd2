/** Messages in one folder: searched on the server, newest first, looked into, moved many at once, exported. */
import { Archive, Trash2, Undo2, X } from 'lucide';
import { useEffect, useState } from 'preact/hooks';
import {
  CHANNELS,
  DELIVERY_KINDS,
  DELIVERY_STATES,
  type Delivery,
  type DeliveryQuery,
  deliveriesFile,
  type Folder,
  getCircular,
  getDeliveries,
  moveDeliveries,
} from '../../../api/messages';
import { Button } from '../../../design/Button';
import { Empty } from '../../../design/Feedback';
import { Select } from '../../../design/Field';
import { Icon } from '../../../design/Icon';
import { LevelMark } from '../../../design/LevelMark';
import { Page } from '../../../design/Page';
import { SearchField } from '../../../design/SearchField';
import { type Column, Table } from '../../../design/Table';
import { say, sayFailed } from '../../../design/Toast';
import { named, t, time } from '../../../i18n';
import { useFetched } from '../../../state/async';
import { nowMs } from '../../../state/clock';
import { usePages } from '../../../state/pages';
import { circularId, go, itemId, openItem } from '../../../state/place';
import { can } from '../../../state/session';
import { periodOf } from '../audit/sentence';
import { UnitFilter, unitFilter } from '../forms/UnitFilter';
import { DeliveryDrawer } from './DeliveryDrawer';
import { CsvLink, ListFoot, ListTrouble, PeriodFilter } from './listing';
import { channelName, kindName, readerOf, StateBadge } from './words';

interface Filters {
  q: string;
  state: string;
  kind: string;
  channel: string;
  from: string;
  to: string;
}

const NO_FILTERS: Filters = { q: '', state: '', kind: '', channel: '', from: '', to: '' };
const EVERY_MS = 10_000;
const NOBODY: ReadonlySet<number> = new Set();

export function MessagesSection({ folder }: { folder: Folder }) {
  const [filters, setFilters] = useState(NO_FILTERS);
  const [picked, setPicked] = useState(NOBODY);
  const { from, to, ...words } = filters;
  const circular = circularId.value;
  const query: DeliveryQuery = { folder, ...words, circular, unit: unitFilter.value, ...periodOf(from, to) };
  const key = JSON.stringify(query);
  const ask = async (before: number | null) => {
    const { deliveries, next } = await getDeliveries(query, before);
    return { rows: deliveries, next };
  };
  // While some are picked, no row moves away under the pointer
  const pages = usePages<Delivery, number>(key, ask, picked.size > 0 ? undefined : EVERY_MS);
  useEffect(() => setPicked(NOBODY), [key]);
  const open = itemId.value;
  const title = t(`section.sms-${folder}`);
  const isFiltered =
    unitFilter.value !== null || circular !== null || Object.values(filters).some((value) => value !== '');
  const moved = () => {
    setPicked(NOBODY);
    pages.reload();
  };
  return (
    <Page
      title={title}
      note={t(`section.sms-${folder}.note`)}
      tools={<CsvLink href={deliveriesFile(query)} file="messages.csv" />}
      filters={
        <>
          {circular && <OfCircular key={circular} id={circular} />}
          <FilterRow filters={filters} onChange={(change) => setFilters({ ...filters, ...change })} />
        </>
      }
      foot={
        pages.rows && (
          <ListFoot pages={pages}>
            {picked.size > 0 && <MoveMany folder={folder} ids={[...picked]} onMoved={moved} />}
          </ListFoot>
        )
      }
    >
      <ListTrouble pages={pages} />
      <Table<Delivery>
        isFixed
        label={title}
        columns={columns()}
        rows={pages.rows}
        keyOf={(row) => row.id}
        error={pages.error}
        onRetry={pages.reload}
        chosen={Number(open) || null}
        onChoose={(row) => openItem(row.id)}
        picked={can('dispatcher') ? picked : undefined}
        onPick={(ids) => setPicked(ids as ReadonlySet<number>)}
        pickLabel={(row) => t('sms.pick', { name: readerOf(row) })}
        empty={
          <Empty title={t(isFiltered ? 'sms.nomatch' : `section.sms-${folder}.none`)}>
            <p>{t(isFiltered ? 'sms.nomatch.how' : `section.sms-${folder}.how`)}</p>
          </Empty>
        }
      />
      {open && <DeliveryDrawer key={open} id={Number(open)} onMoved={moved} />}
    </Page>
  );
}

/** Says that these are the messages of one circular alone, and goes back to all. */
function OfCircular({ id }: { id: string }) {
  const { value } = useFetched(`circular ${id}`, () => getCircular(id));
  const text = t('sms.only', { text: value ? value.text_zh || value.text_en : '…' });
  return (
    <div class="of-circular">
      <span class="chip" data-testid="of-circular">
        <span class="clip">{text}</span>
        <button
          type="button"
          class="chip-drop"
          aria-label={t('sms.to.drop', { name: text })}
          onClick={() => go({ circular: null, item: null })}
        >
          <Icon node={X} />
        </button>
      </span>
    </div>
  );
}

interface FilterProps {
  filters: Filters;
  onChange: (change: Partial<Filters>) => void;
}

function FilterRow({ filters, onChange }: FilterProps) {
  const choice = <K extends 'state' | 'kind' | 'channel'>(
    name: K,
    all: string,
    options: readonly (readonly [string, string])[],
  ) => (
    <Select
      bare
      name={`sms-${name}`}
      label={t(`sms.${name}`)}
      value={filters[name]}
      onValue={(value) => onChange({ [name]: value })}
      options={[['', all], ...options]}
    />
  );
  return (
    <>
      <SearchField label={t('sms.find')} onSearch={(q) => onChange({ q })} />
      {choice(
        'state',
        t('sms.state.any'),
        DELIVERY_STATES.map((each) => [each, t(`sms.state.${each}`)]),
      )}
      {choice(
        'kind',
        t('sms.kind.any'),
        DELIVERY_KINDS.map((each) => [each, kindName(each)]),
      )}
      {choice(
        'channel',
        t('sms.channel.any'),
        CHANNELS.map((each) => [each, channelName(each)]),
      )}
      <UnitFilter />
      <PeriodFilter name="sms" from={filters.from} to={filters.to} onChange={onChange} />
    </>
  );
}

interface MoveProps {
  folder: Folder;
  ids: number[];
  onMoved: () => void;
}

const WAYS = { sent: Undo2, archived: Archive, deleted: Trash2 } as const;
export const otherFolders = (folder: Folder): Folder[] =>
  (['sent', 'archived', 'deleted'] as const).filter((each) => each !== folder);

/** The buttons that put messages elsewhere; the log keeps all of them. */
export function MoveButtons({ folder, ids, onMoved }: MoveProps) {
  const move = (to: Folder) =>
    moveDeliveries(ids, to).then(
      ({ moved }) => {
        say(t(`sms.moved.${to}`, { count: moved }));
        onMoved();
      },
      (error) => sayFailed(t(`sms.move.${to}`), error),
    );
  return (
    <>
      {otherFolders(folder).map((to) => (
        <Button key={to} icon={WAYS[to]} onClick={() => void move(to)} testId={`move-${to}`}>
          {t(`sms.move.${to}`)}
        </Button>
      ))}
    </>
  );
}

function MoveMany(props: MoveProps) {
  return (
    <div class="line-wrap" role="group" aria-label={t('sms.picked', { count: props.ids.length })}>
      <strong class="num">{t('sms.picked', { count: props.ids.length })}</strong>
      <MoveButtons {...props} />
    </div>
  );
}

const columns = (): readonly Column<Delivery>[] => [
  {
    name: 'reader',
    label: t('sms.reader'),
    width: '15%',
    cell: (row) => <strong class="clip">{readerOf(row)}</strong>,
  },
  {
    name: 'body',
    label: t('sms.text'),
    cell: (row) => (
      <span class="line">
        {row.alert?.level && <LevelMark level={row.alert.level} size={16} />}
        <span class="clip">{row.body || channelName(row.channel)}</span>
      </span>
    ),
  },
  {
    name: 'unit',
    label: t('filter.unit'),
    width: '14%',
    cell: ({ unit }) => <span class="clip">{named(unit)}</span>,
  },
  { name: 'kind', label: t('sms.kind'), width: '10%', cell: ({ kind }) => kindName(kind) },
  { name: 'state', label: t('sms.state'), width: '10%', cell: ({ state }) => <StateBadge state={state} /> },
  {
    name: 'at',
    label: t('sms.at'),
    width: '14%',
    end: true,
    cell: (row) => <time class="num">{time(row.queued_at, nowMs.value)}</time>,
  },
];

export const SentSection = () => <MessagesSection folder="sent" />;
export const ArchivedSection = () => <MessagesSection folder="archived" />;
export const DeletedSection = () => <MessagesSection folder="deleted" />;
