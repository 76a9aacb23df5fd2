/** Messages of other services: bring files, and see what waits for somebody. */
import { FileUp } from 'lucide';
import { useEffect, useRef, useState } from 'preact/hooks';
import { type Brought, bringMessages, type Feed, type Message, type Outcome } from '../../api/cap';
import { Badge } from '../../design/Badge';
import { Button } from '../../design/Button';
import { Empty, Failure, Skeleton } from '../../design/Feedback';
import { FormError } from '../../design/FormError';
import { Icon } from '../../design/Icon';
import { LevelMark } from '../../design/LevelMark';
import { List } from '../../design/List';
import { Panel } from '../../design/Panel';
import { Tabs } from '../../design/Tabs';
import { ago, t } from '../../i18n';
import { nowMs } from '../../state/clock';
import { isPhone } from '../../state/frame';
import { openMessage, openPanel } from '../../state/place';
import { feeds, loadReceived, received, receivedError, waiting } from '../../state/received';
import { StateOf } from './StateOf';

const ROW_PX = 56;
const AGAIN_MS = 15_000; // feeds bring messages while one looks
type View = 'waiting' | 'settled';

export function ReceivedPanel() {
  const [view, setView] = useState<View>('waiting');
  useEffect(() => {
    void loadReceived();
    const timer = setInterval(() => void loadReceived(), AGAIN_MS);
    return () => clearInterval(timer);
  }, []);
  return (
    <Panel
      title={t('cap.title')}
      label={t('cap.title')}
      onBack={() => openPanel('alerts')}
      onClose={isPhone.value ? undefined : () => openPanel(null)}
      flush
    >
      <Bring />
      {feeds.value.length > 0 && <Feeds />}
      <Tabs
        label={t('cap.title')}
        tabs={[
          ['waiting', t('cap.waiting', { count: waiting.value.length })],
          ['settled', t('cap.settled')],
        ]}
        chosen={view}
        onChoose={setView}
      />
      <Rows view={view} />
    </Panel>
  );
}

/** Files by hand, or dropped; what became of each is said where it was brought. */
function Bring() {
  const input = useRef<HTMLInputElement>(null);
  const [isOver, setOver] = useState(false);
  const [isBusy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const [brought, setBrought] = useState<Brought | null>(null);

  const bring = async (list: FileList | null | undefined) => {
    const files = [...(list ?? [])];
    if (files.length === 0) return;
    setBusy(true);
    setError(null);
    setBrought(null);
    try {
      const found = await bringMessages(files);
      setBrought(found);
      await loadReceived();
      const only = found.files.length === 1 ? found.files[0]!.documents : [];
      if (only.length === 1 && only[0]!.is_new && only[0]!.message !== null) openMessage(only[0]!.message);
    } catch (failure) {
      setError(failure);
    }
    setBusy(false);
  };
  return (
    <div class="cap-bring">
      {/* biome-ignore lint/a11y/noStaticElementInteractions: the button inside does the same by keyboard */}
      <div
        class="intake-drop cap-drop"
        data-over={isOver || undefined}
        onDragOver={(event) => {
          event.preventDefault();
          setOver(true);
        }}
        onDragLeave={() => setOver(false)}
        onDrop={(event) => {
          event.preventDefault();
          setOver(false);
          void bring(event.dataTransfer?.files);
        }}
      >
        <p class="line-wrap">
          <Icon node={FileUp} size={20} />
          {t('cap.drop')}
          <Button disabled={isBusy} onClick={() => input.current?.click()}>
            {t('cap.choose')}
          </Button>
        </p>
        <p class="quiet">{t('cap.kinds')}</p>
        <input
          ref={input}
          type="file"
          multiple
          hidden
          accept=".xml,.cap,.atom,.rss,application/cap+xml,application/xml,text/xml"
          aria-label={t('cap.choose')}
          data-testid="cap-files"
          onChange={(event) => {
            const chosen = event.currentTarget;
            void bring(chosen.files).then(() => {
              chosen.value = '';
            });
          }}
        />
      </div>
      <FormError error={error} />
      {brought && <Outcomes brought={brought} />}
    </div>
  );
}

function Outcomes({ brought }: { brought: Brought }) {
  return (
    <ul class="cap-outcomes" role="status" data-testid="cap-outcomes">
      {brought.files.flatMap(({ file, documents }) =>
        documents.map((one, at) => (
          <li key={`${file} ${at}`}>
            <span class="mono cap-file">{file}</span> {wordsOf(one)}
            {one.message !== null && (
              <Button look="plain" onClick={() => openMessage(one.message!)}>
                {t('cap.open')}
              </Button>
            )}
          </li>
        )),
      )}
    </ul>
  );
}

function wordsOf(one: Outcome): string {
  if (one.refused !== null) return t('cap.outcome.refused', { why: one.refused });
  if (one.is_new) return t('cap.outcome.new');
  return t(one.is_same ? 'cap.outcome.known' : 'cap.outcome.other');
}

/** How the fetching stands: quiet while it goes well. */
function Feeds() {
  return (
    <ul class="cap-feeds" aria-label={t('cap.feeds')} data-testid="cap-feeds">
      {feeds.value.map((feed) => (
        <li key={feed.address}>
          <span class="clip mono" title={feed.address}>
            {feed.address.replace(/^https?:\/\//, '')}
          </span>
          <FeedState feed={feed} />
        </li>
      ))}
    </ul>
  );
}

function FeedState({ feed }: { feed: Feed }) {
  const when = feed.fetched_at ? ago(feed.fetched_at, nowMs.value) : t('cap.feed.never');
  return (
    <>
      {feed.trouble ? (
        <Badge tone="warn">{t('cap.feed.failing')}</Badge>
      ) : (
        <span class="quiet num">{t('cap.feed.fetched', { when })}</span>
      )}
      {feed.trouble && <span class="cap-trouble">{`${feed.trouble} · ${when}`}</span>}
      {feed.last_refusal && (
        <span class="cap-trouble">
          {t('cap.feed.refused', { count: feed.refused, why: feed.last_refusal })}
        </span>
      )}
    </>
  );
}

function Rows({ view }: { view: View }) {
  if (received.value === null) {
    if (receivedError.value)
      return (
        <Failure what={t('cap.title')} error={receivedError.value} onRetry={() => void loadReceived()} />
      );
    return <Skeleton label={t('cap.title')} />;
  }
  const shown = received.value.filter(({ state }) => (state === 'waiting') === (view === 'waiting'));
  if (shown.length === 0) {
    return <Empty title={t(`cap.none.${view}`)}>{view === 'waiting' && <p>{t('cap.none.how')}</p>}</Empty>;
  }
  return (
    <List label={t('cap.title')} items={shown} rowPx={ROW_PX} keyOf={({ id }) => id}>
      {(message) => <Row message={message} />}
    </List>
  );
}

function Row({ message }: { message: Message }) {
  return (
    <button
      type="button"
      class="row"
      onClick={() => openMessage(message.id)}
      data-testid="cap-row"
      data-state={message.state}
    >
      {message.level && <LevelMark level={message.level} size={24} />}
      <span class="row-text">
        <span class="row-title clip">
          {message.is_drill && `${t('drill.mark')} `}
          {message.headline}
        </span>
        <span class="row-more clip">
          {t(`cap.kind.${message.kind}`)} · {message.sender} · {ago(message.received_at, nowMs.value)}
        </span>
      </span>
      <span class="row-end">{message.state !== 'waiting' && <StateOf state={message.state} />}</span>
    </button>
  );
}
