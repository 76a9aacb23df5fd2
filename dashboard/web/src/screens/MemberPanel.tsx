import { Crosshair, Phone as PhoneIcon } from 'lucide';
import { useEffect } from 'preact/hooks';
import { getMember } from '../api/client';
import type { MemberDetail } from '../api/types';
import { Badge } from '../design/Badge';
import { Button } from '../design/Button';
import { Failure, Skeleton } from '../design/Feedback';
import { Icon } from '../design/Icon';
import { Facts, Panel, Section } from '../design/Panel';
import { PresenceMark } from '../design/Presence';
import { ago, named, number, span, t, time } from '../i18n';
import { PRESENCE_NAMES, type PresenceName } from '../live/presence';
import { look } from '../map/CityMap';
import { useFetched } from '../state/async';
import { nowMs } from '../state/clock';
import { roster, rosterVersion } from '../state/live';
import { know } from '../state/people';
import { go, openPanel } from '../state/place';
import { roleName } from '../state/session';
import { loadTrack, past, spanOf, track } from '../state/track';
import { MemberHours } from './MemberHours';
import { Outside } from './Outside';
import { PresenceHistory } from './PresenceHistory';

const REFRESH_MS = 10_000;
const COMPASS = ['n', 'ne', 'e', 'se', 's', 'sw', 'w', 'nw'] as const;

export function MemberPanel({ id }: { id: number }) {
  const { value: member, error, reload } = useFetched(`member ${id}`, () => getMember(id), REFRESH_MS);
  const trackLoad = useFetched(
    `track ${id} ${spanOf(id)?.from ?? ''}`,
    () => loadTrack(id),
    spanOf(id) ? undefined : REFRESH_MS, // what was changes no more
  );
  useEffect(() => {
    if (member) know([member]);
  }, [member]);
  const close = () => openPanel(null);
  if (!member) {
    return (
      <Panel title={t('member')} label={t('member')} onClose={close}>
        {error ? (
          <Failure what={t('member')} error={error} onRetry={reload} />
        ) : (
          <Skeleton label={t('member')} />
        )}
      </Panel>
    );
  }
  const live = liveNow(member);
  const at = live.at;
  return (
    <Panel
      title={member.name}
      label={t('member')}
      onClose={close}
      foot={
        <>
          {member.phone && (
            <a class="button button-normal grow" href={`tel:${member.phone}`}>
              <Icon node={PhoneIcon} /> {t('call')}
            </a>
          )}
          {at && (
            <Button icon={Crosshair} onClick={() => look(at)}>
              {t('member.look')}
            </Button>
          )}
        </>
      }
    >
      <Section title={t('member.now')}>
        <p class="line">
          <PresenceMark state={live.state} sos={live.isSos} />
          <strong data-testid="member-state" aria-hidden="true">
            {t(`presence.${live.isSos ? 'sos' : live.state}`)}
          </strong>
          <span class="second num">
            {live.heardMs === null ? t('member.never') : ago(live.heardMs, nowMs.value)}
          </span>
        </p>
        <Outside member={member} />
        <LastFix member={member} battery={live.battery} />
      </Section>
      <Section title={t('member.who')}>
        <Facts
          rows={[
            [t('member.phone'), <span class="num">{member.phone ?? '–'}</span>],
            [t('member.code'), <span class="mono">{member.code}</span>],
            [
              t('member.terminal'),
              <span class="mono">{member.terminal?.code ?? t('member.noterminal')}</span>,
            ],
          ]}
        />
        <div class="chips">
          {member.assignments.map(({ unit, role }) => (
            <Button key={`${unit.id} ${role}`} onClick={() => go({ unit: unit.id, panel: 'unit' })}>
              {named(unit)} <span class="second">{roleName(role)}</span>
            </Button>
          ))}
        </div>
      </Section>
      <Section title={t('presence.history')}>
        <PresenceHistory id={id} />
      </Section>
      <Section title={trackTitle(id)}>
        <TrackSummary id={id} failed={trackLoad.error !== null} onRetry={trackLoad.reload} />
        {spanOf(id) && (
          <Button
            onClick={() => {
              past.value = null;
            }}
          >
            {t('track.past.back')}
          </Button>
        )}
      </Section>
      <Section title={t('hours')}>
        <MemberHours id={id} />
      </Section>
    </Panel>
  );
}

interface LiveNow {
  state: PresenceName;
  isSos: boolean;
  heardMs: number | null;
  battery: number | null;
  at: { lon: number; lat: number } | null;
}

/** The live channel's word where we have it, else what the server told with the person. */
function liveNow(member: MemberDetail): LiveNow {
  rosterVersion.value;
  const row = roster.row(member.id);
  if (row === undefined) {
    const last = member.last;
    return {
      state: last?.state ?? 'offline',
      isSos: false,
      heardMs: last ? Date.parse(last.received_at) : null,
      battery: last?.battery_pct ?? null,
      at: last,
    };
  }
  const battery = roster.batteryPct[row]!;
  return {
    state: PRESENCE_NAMES[roster.presence(row)] ?? 'offline',
    isSos: roster.isSos(row),
    heardMs: roster.receivedS[row] === 0 ? null : roster.receivedS[row]! * 1000,
    battery: battery < 0 ? null : battery,
    at: roster.hasFix(row) ? { lon: roster.lon[row]! / 1e7, lat: roster.lat[row]! / 1e7 } : null,
  };
}

function LastFix({ member, battery }: { member: MemberDetail; battery: number | null }) {
  const last = member.last;
  if (!last) return <p class="second">{t('member.never.how')}</p>;
  const heading =
    last.heading_deg === null ? '' : ` ${t(`compass.${COMPASS[Math.round(last.heading_deg / 45) % 8]!}`)}`;
  return (
    <Facts
      rows={[
        [
          t('fix.at'),
          <span class="num">{`${time(last.fixed_at, nowMs.value)} · ${ago(last.fixed_at, nowMs.value)}`}</span>,
        ],
        [t('fix.grid'), last.grid ? named(last.grid) : t('fix.outside')],
        [t('fix.accuracy'), last.accuracy_m === null ? t('unsaid') : `±${number(last.accuracy_m)} m`],
        [
          t('fix.speed'),
          last.speed_mps === null ? t('unsaid') : `${number(last.speed_mps * 3.6, 1)} km/h${heading}`,
        ],
        [t('battery'), <Battery percent={battery} />],
        [t('fix.place'), <span class="mono">{`${last.lon.toFixed(5)}, ${last.lat.toFixed(5)}`}</span>],
      ]}
    />
  );
}

const LOW_BATTERY_PCT = 15;

function Battery({ percent }: { percent: number | null }) {
  if (percent === null) return <>{t('unsaid')}</>;
  if (percent <= LOW_BATTERY_PCT) return <Badge tone="bad">{t('battery.low', { percent })}</Badge>;
  return <span class="num">{percent} %</span>;
}

function trackTitle(id: number): string {
  const span = spanOf(id);
  if (!span) return t('track');
  return t('track.past', { from: time(span.from, nowMs.value), to: time(span.to, nowMs.value) });
}

function TrackSummary({ id, failed, onRetry }: { id: number; failed: boolean; onRetry: () => void }) {
  const points = track.value?.member === id ? track.value.points : null;
  if (points === null) {
    return failed ? (
      <Button onClick={onRetry}>{t('track.retry')}</Button>
    ) : (
      <p class="quiet">{t('loading')}</p>
    );
  }
  if (points.length === 0) return <p class="second">{t(spanOf(id) ? 'track.past.none' : 'track.none')}</p>;
  const from = points[0]![0];
  return (
    <p class="second num">
      {t('track.of', {
        count: points.length,
        span: span((points.at(-1)![0] - from) / 1000),
        from: time(from, nowMs.value),
      })}
    </p>
  );
}
