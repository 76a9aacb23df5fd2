import { CornerDownRight, Undo2 } from 'lucide';
import { useEffect, useState } from 'preact/hooks';
import { getAlert } from '../api/client';
import { getReach, type ReachReport, reportFile, reportPage } from '../api/reach';
import type { AlertDetail, AlertVersion, Passing, Proposal } from '../api/types';
import { Badge } from '../design/Badge';
import { Failure, Skeleton } from '../design/Feedback';
import { Icon } from '../design/Icon';
import { LevelMark } from '../design/LevelMark';
import { Facts, Panel, Section } from '../design/Panel';
import { Tabs } from '../design/Tabs';
import { ago, language, named, t, time, tWord } from '../i18n';
import { alertsVersion } from '../state/alerts';
import { useFetched } from '../state/async';
import { nowMs } from '../state/clock';
import { openPanel } from '../state/place';
import { openReach } from '../state/reach';
import { AlertMoves } from './AlertMoves';
import { StateBadge } from './AlertRow';
import { Audience } from './Audience';
import { CallList } from './CallList';
import { ReachBar, ReachFigures } from './Reach';
import { ReachView } from './ReachView';

const REFRESH_MS = 3_000; // reach counts up while people are told

type View = 'text' | 'reach' | 'audience' | 'calls' | 'history';

export function AlertPanel({ id }: { id: string }) {
  const [view, setView] = useState<View>('text');
  const { value: alert, error, reload } = useFetched(`alert ${id}`, () => getAlert(id), REFRESH_MS);
  const version = alertsVersion.value;
  const report = useReach(alert);
  useEffect(reload, [version]);
  const back = () => openPanel('alerts');
  const close = () => openPanel(null);
  if (!alert) {
    return (
      <Panel title={t('alert')} label={t('alert')} onBack={back} onClose={close}>
        {error ? (
          <Failure what={t('alert')} error={error} onRetry={reload} />
        ) : (
          <Skeleton label={t('alert')} />
        )}
      </Panel>
    );
  }
  return (
    <Panel
      title={t('alert')}
      label={t('alert')}
      onBack={back}
      onClose={close}
      flush
      tools={<StateBadge state={alert.state} />}
      foot={alert.moves.length > 0 && <AlertMoves alert={alert} onDone={reload} />}
    >
      <header class={`alert-head alert-head-${alert.level}`}>
        <p class="line-wrap">
          <LevelMark level={alert.level} size={28} named />
          <span class="second">{tWord('event', alert.event)}</span>
          {alert.is_drill && <Badge tone="warn">{t('drill')}</Badge>}
        </p>
        <h3 class="alert-headline">{alert.headline}</h3>
        {alert.issued_at && <ReachBar reach={alert.reach} />}
      </header>
      {alert.proposal && <Waiting proposal={alert.proposal} />}
      <SentBack alert={alert} />
      <Tabs
        label={t('alert')}
        tabs={[
          ['text', t('alert.text')],
          ...(report ? ([['reach', t('alert.reach')]] as const) : []),
          ['audience', t('alert.audience')],
          ...(report ? ([['calls', t('alert.calls')]] as const) : []),
          ['history', t('alert.history')],
        ]}
        chosen={view}
        onChoose={setView}
      />
      {view === 'text' && <Words alert={alert} />}
      {view === 'reach' && report && <ReachView report={report} />}
      {view === 'calls' && report && <CallList alert={alert} onChanged={reload} />}
      {view === 'audience' && <Audience alert={alert} onChanged={reload} />}
      {view === 'history' && <History alert={alert} />}
    </Panel>
  );
}

/** The reach of an alert that people were told of, kept fresh for this panel and for the map. */
function useReach(alert: AlertDetail | null): ReachReport | null {
  const id = alert?.issued_at ? alert.id : null;
  const { value, reload } = useFetched(id && `reach ${id}`, () => getReach(id ?? ''), REFRESH_MS);
  const version = alertsVersion.value;
  useEffect(reload, [version]);
  useEffect(() => {
    openReach.value = id && value ? { alert: id, report: value } : null;
  }, [id, value]);
  useEffect(
    () => () => {
      openReach.value = null;
    },
    [],
  );
  return value;
}

/** What a second person is asked to decide, before everything else. */
export function Waiting({ proposal }: { proposal: Proposal }) {
  return (
    <p class="alert-waiting" data-testid="proposal">
      <LevelMark level={proposal.level} size={24} />
      <span class="row-text">
        <strong>{t('proposal', { name: proposal.made_by.name, level: t(`level.${proposal.level}`) })}</strong>
        <span class="second">
          {proposal.note} · {ago(proposal.made_at, nowMs.value)}
        </span>
      </span>
    </p>
  );
}

/** Why a draft came back from the second person: what its author has to mend, until it is sent on again. */
export function SentBack({ alert }: { alert: AlertDetail }) {
  const last = alert.versions.findLast(({ kind }) => kind === 'submit' || kind === 'decline');
  if (alert.state !== 'draft' || last?.kind !== 'decline') return null;
  return (
    <p class="alert-waiting" data-testid="sent-back">
      <Icon node={Undo2} size={20} />
      <span class="row-text">
        <strong>{t('alert.sentback', { name: last.made_by?.name ?? t('alert.byclock') })}</strong>
        <span class="second">
          {last.note} · {ago(last.made_at, nowMs.value)}
        </span>
      </span>
    </p>
  );
}

function Words({ alert }: { alert: AlertDetail }) {
  const moment = (at: string) => (
    <span class="num">{`${time(at, nowMs.value)} · ${ago(at, nowMs.value)}`}</span>
  );
  return (
    <div class="panel-body">
      {alert.issued_at && (
        <Section title={t('reach')}>
          <ReachFigures reach={alert.reach} />
        </Section>
      )}
      <Section title={t('alert.description')}>
        <p class="alert-text">{alert.description || '–'}</p>
      </Section>
      {alert.instruction && (
        <Section title={t('alert.instruction')}>
          <p class="alert-text">{alert.instruction}</p>
        </Section>
      )}
      <Section title={t('alert.where')}>
        <div class="chips">
          {alert.targets.map((target) => (
            <span key={target.id} class="chip chip-plain">
              {named(target)}
            </span>
          ))}
          {alert.teams.map((team) => (
            <span key={`team ${team.id}`} class="chip chip-plain">
              {team.name}
            </span>
          ))}
        </div>
      </Section>
      <Section title={t('alert.facts')}>
        <Facts
          rows={[
            [t('alert.unit'), named(alert.unit)],
            alert.created_by && [t('alert.by'), alert.created_by.name],
            [t('alert.created'), moment(alert.created_at)],
            alert.issued_at ? [t('alert.issued'), moment(alert.issued_at)] : null,
            alert.expires_at
              ? [t('alert.expires'), <span class="num">{time(alert.expires_at, nowMs.value)}</span>]
              : null,
            alert.ended_at ? [t('alert.ended'), moment(alert.ended_at)] : null,
            alert.identifier ? [t('alert.identifier'), <span class="mono">{alert.identifier}</span>] : null,
            alert.issued_at ? [t('alert.report'), <ReportLinks alert={alert.id} />] : null,
            alert.issued_at
              ? [t('alert.cap'), <CapLink alert={alert.id}>{t('alert.cap.newest')}</CapLink>]
              : null,
          ]}
        />
      </Section>
    </div>
  );
}

/** Versions that people were told of: each is one CAP message. */
const TOLD = ['issue', 'upgrade', 'downgrade', 'lift', 'cancel'];

function CapLink({ alert, message, children }: { alert: string; message?: number; children: string }) {
  const href = `/api/cap/${alert}${message ? `?message=${message}` : ''}`;
  return (
    <a class="link" href={href} target="_blank" rel="noreferrer" data-testid="cap-link">
      {children}
    </a>
  );
}

/** The final report: to read and print, and the same as files. */
function ReportLinks({ alert }: { alert: string }) {
  return (
    <span class="line-wrap">
      <a
        class="link"
        href={reportPage(alert, language.value)}
        target="_blank"
        rel="noreferrer"
        data-testid="report-link"
      >
        {t('alert.report.page')}
      </a>
      <a class="link" href={reportFile(alert, 'json')} download>
        {t('alert.report.json')}
      </a>
      <a class="link" href={reportFile(alert, 'csv')} download>
        {t('alert.report.csv')}
      </a>
    </span>
  );
}

function History({ alert }: { alert: AlertDetail }) {
  const told = alert.issued_at ? alert.versions.filter(({ kind }) => TOLD.includes(kind)) : [];
  const events: (AlertVersion | Passing)[] = [...alert.passings, ...alert.versions.toReversed()];
  events.sort((one, other) => Date.parse(momentOf(other)) - Date.parse(momentOf(one)));
  return (
    <ol class="entries">
      {events.map((event) =>
        'passed_at' in event ? (
          <PassedDown key={event.id} passing={event} />
        ) : (
          <VersionEntry key={event.version} alert={alert} version={event} told={told} />
        ),
      )}
    </ol>
  );
}

const momentOf = (event: AlertVersion | Passing): string =>
  'passed_at' in event ? event.passed_at : event.made_at;

function PassedDown({ passing }: { passing: Passing }) {
  return (
    <li class="entry" data-testid="passing">
      <span class="line">
        <Icon node={CornerDownRight} />
        <strong class="grow">{t('passing', { name: passing.member.name })}</strong>
        <span class="row-end">{ago(passing.passed_at, nowMs.value)}</span>
      </span>
      <span class="second">
        {named(passing.unit)} · {t('passing.people', { count: passing.people })}
      </span>
      <span class="alert-text">{passing.words}</span>
    </li>
  );
}

function VersionEntry({
  alert,
  version,
  told,
}: {
  alert: AlertDetail;
  version: AlertVersion;
  told: AlertVersion[];
}) {
  return (
    <li class="entry">
      <span class="line">
        <LevelMark level={version.level} />
        <strong class="grow">{tWord('version', version.kind)}</strong>
        <span class="row-end">{ago(version.made_at, nowMs.value)}</span>
      </span>
      <span class="second">
        {version.made_by?.name ?? t('alert.byclock')}
        {version.note && ` · ${version.note}`}
      </span>
      {told.includes(version) && (
        <CapLink alert={alert.id} message={told.indexOf(version) + 1}>
          {t('alert.cap')}
        </CapLink>
      )}
    </li>
  );
}
