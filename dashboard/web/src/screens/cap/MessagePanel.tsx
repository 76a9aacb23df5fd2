/** One message of another service: what it says beside what a warning of ours would say, and what to make of it. */
import { Info } from 'lucide';
import { useEffect, useState } from 'preact/hooks';
import { documentAddress, type Reading, readMessage } from '../../api/cap';
import { Badge } from '../../design/Badge';
import { Failure, Skeleton } from '../../design/Feedback';
import { Select } from '../../design/Field';
import { Icon } from '../../design/Icon';
import { LevelMark } from '../../design/LevelMark';
import { Facts, Panel, Section } from '../../design/Panel';
import { ago, named, t, time } from '../../i18n';
import { useFetched } from '../../state/async';
import { nowMs } from '../../state/clock';
import { openAlert, openMessage, openPanel } from '../../state/place';
import { openReading } from '../../state/received';
import { Mapping } from './Mapping';
import { Offers } from './Offers';
import { StateOf } from './StateOf';

export function MessagePanel({ id }: { id: number }) {
  const [block, setBlock] = useState<number | null>(null);
  const { value, error, reload } = useFetched(`message ${id} ${block}`, () => readMessage(id, block));
  useEffect(() => {
    openReading.value = value;
    return () => {
      openReading.value = null;
    };
  }, [value]);
  const back = () => openPanel('received');
  if (!value) {
    return (
      <Panel title={t('cap.message')} label={t('cap.message')} onBack={back}>
        {error ? (
          <Failure what={t('cap.message')} error={error} onRetry={reload} />
        ) : (
          <Skeleton label={t('cap.message')} />
        )}
      </Panel>
    );
  }
  return (
    <Panel
      title={t('cap.message')}
      label={t('cap.message')}
      onBack={back}
      onClose={() => openPanel(null)}
      flush
      tools={<StateOf state={value.state} />}
      foot={<Offers reading={value} onDone={reload} />}
    >
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling region must be reachable by keyboard */}
      <div class="cap-scroll" tabIndex={0} role="group" aria-label={t('cap.message')}>
        <Head reading={value} />
        <Notes reading={value} />
        <div class="panel-body cap-body">
          {value.blocks.length > 1 && (
            <Select
              name="cap-block"
              label={t('cap.block')}
              value={String(value.block ?? 0)}
              onValue={(chosen) => setBlock(Number(chosen))}
              options={value.blocks.map(({ language, event }, at) => [
                String(at),
                [`${at + 1}`, language, event].filter(Boolean).join(' · '),
              ])}
            />
          )}
          {value.said && value.draft && <Mapping reading={value} said={value.said} draft={value.draft} />}
          <Origin reading={value} />
        </div>
      </div>
    </Panel>
  );
}

function Head({ reading }: { reading: Reading }) {
  const { level, said } = reading;
  return (
    <header class={`alert-head ${level ? `alert-head-${level}` : ''}`}>
      <p class="line-wrap">
        {reading.draft && <LevelMark level={reading.draft.level} size={28} named />}
        <span class="second">{t(`cap.kind.${reading.kind}`)}</span>
        {reading.is_drill && <Badge tone="warn">{t('drill')}</Badge>}
      </p>
      <h3 class="alert-headline">{said?.headline || reading.headline}</h3>
      <p class="second">
        {said?.sender_name || reading.sender} · {time(reading.sent_at, nowMs.value)} ·{' '}
        {ago(reading.sent_at, nowMs.value)}
      </p>
    </header>
  );
}

function Notes({ reading }: { reading: Reading }) {
  const { earlier } = reading;
  if (reading.notes.length === 0 && !earlier && reading.state === 'waiting') return null;
  return (
    <ul class="cap-notes" data-testid="cap-notes">
      {reading.state !== 'waiting' && (
        <li>
          <Icon node={Info} />
          <span>{settledWords(reading)}</span>
        </li>
      )}
      {earlier && (
        <li>
          <Icon node={Info} />
          <span>
            {t('cap.earlier')}{' '}
            <button type="button" class="cap-link" onClick={() => openMessage(earlier.id)}>
              {earlier.headline}
            </button>
          </span>
        </li>
      )}
      {reading.notes.map((note) => (
        <li key={note}>
          <Icon node={Info} />
          <span>{note}</span>
        </li>
      ))}
    </ul>
  );
}

function settledWords(reading: Reading): string {
  const { state, settled_by: by, settled_at: at, reason } = reading;
  const when = at ? ago(at, nowMs.value) : '';
  if (state === 'dismissed') return t('cap.was.dismissed', { who: by?.name ?? '', when, why: reason });
  if (state === 'overtaken') return t('cap.was.overtaken', { when });
  return t('cap.was.drafted', { who: by?.name ?? '', when });
}

/** Where it came from, for whoever wants to ask the sender. */
function Origin({ reading }: { reading: Reading }) {
  const { said, alert } = reading;
  return (
    <Section title={t('cap.origin')}>
      <Facts
        rows={[
          [t('cap.sender'), <span class="mono">{reading.sender}</span>],
          [t('cap.identifier'), <span class="mono">{reading.identifier}</span>],
          [t('cap.signature'), signatureWords(reading)],
          [t('cap.status'), `${reading.status} · ${reading.scope}`],
          [t('cap.source'), <span class="mono">{reading.source}</span>],
          [
            t('cap.received'),
            `${reading.received_by?.name ?? t('cap.by.feed')} · ${ago(reading.received_at, nowMs.value)}`,
          ],
          [t('cap.unit'), named(reading.unit)],
          reading.note ? [t('cap.note'), reading.note] : null,
          said?.web
            ? [
                t('cap.web'),
                <a href={said.web} target="_blank" rel="noreferrer noopener">
                  {said.web}
                </a>,
              ]
            : null,
          [
            t('cap.document'),
            <a
              href={documentAddress(reading.id)}
              download={`cap-${reading.id}.xml`}
              data-testid="cap-document"
            >
              {t('cap.document.get')}
            </a>,
          ],
          alert
            ? [
                t('cap.alert'),
                <button type="button" class="cap-link" onClick={() => openAlert(alert)}>
                  {t('cap.alert.open')}
                </button>,
              ]
            : null,
        ]}
      />
    </Section>
  );
}

function signatureWords({ signature, signer }: Reading): string {
  return t(`cap.signature.${signature}`, { who: signer });
}
